//! API keys as the platform surface has them.

use crate::endpoints;

mod issue;
mod reads;
mod revoke;
mod rotate;
mod shapes;

pub(super) use reads::state_of;
pub(super) use shapes::TenantStub;

use issue::issue;
use reads::{fetch, list};
use revoke::revoke;
use rotate::rotate;

endpoints! { TABLE, "api_keys", Platform;
    /// Issue an API key.
    ///
    /// The key string appears in this answer and nowhere else.
    POST "/api/v1/api-keys" => issue, Can(ApiKeys, Create), Committed;
    /// List API keys.
    ///
    /// Keys of every status, revoked ones for 90 days.
    GET "/api/v1/api-keys" => list, Can(ApiKeys, Read), Unaudited;
    /// Fetch one API key.
    ///
    /// With its permissions, its windows as they stand, its use and its history.
    GET "/api/v1/api-keys/{keyId}" => fetch, Can(ApiKeys, Read), Unaudited;
    /// Rotate an API key.
    ///
    /// The id stays, the key string is a new one. With a grace period the old one works on.
    POST "/api/v1/api-keys/{keyId}/rotate" => rotate, Can(ApiKeys, Rotate), Committed;
    /// Revoke an API key.
    ///
    /// The next request with it is refused. It stays in lists for 90 days.
    DELETE "/api/v1/api-keys/{keyId}" => revoke, Can(ApiKeys, Revoke), Committed;
}
