//! Two tenants in one gateway. All that belongs to the other one has a name that nothing else
//! has, so that a single byte of it in an answer is seen.

use std::cell::{Cell, RefCell};

use latchkey_gateway::endpoint::Access;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::client::{Ask, Client, Reply};
use super::document::Document;
use super::rows::{Row, rows};
use super::shape;
use crate::harness::World;

pub(super) const MASTER: &str = "00000000-0000-0000-0000-000000000001";
/// Part of every name in the other tenant.
const CANARY: &str = "canary";

/// A tenant with one object of each kind.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) tenant: String,
    /// A key that holds everything in it.
    pub(super) admin: String,
    pub(super) user: String,
    pub(super) role: String,
    pub(super) permission: String,
    pub(super) group: String,
    pub(super) key: String,
    /// The secret of that key.
    pub(super) secret: String,
}

impl Home {
    /// The id for a parameter of a path.
    pub(super) fn id(&self, parameter: &str) -> String {
        self.known(parameter).unwrap_or_else(|| panic!("nothing stands for `{parameter}`")).clone()
    }

    fn known(&self, parameter: &str) -> Option<&String> {
        Some(match parameter {
            "id" => &self.tenant,
            "uid" => &self.user,
            "role_id" => &self.role,
            "perm_id" => &self.permission,
            "group_id" => &self.group,
            "key_id" | "keyId" => &self.key,
            _ => return None,
        })
    }
}

pub(super) struct Scene {
    pub(super) world: World,
    pub(super) own: Home,
    pub(super) other: Home,
    pub(super) document: Document,
    client: Mutex<Client>,
    faults: RefCell<Vec<String>>,
    count: Cell<u32>,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let document = world.call("GET", "/api/v1/docs/openapi.json", None, None, None).await;
        let document = Document(document.is(200).json);
        let admin = world.admin_key.clone();
        let own = furnished(&world, world.tenant.clone(), admin, "own").await;
        let other = founded(&world, CANARY).await;
        let (client, faults, count) = (Mutex::default(), RefCell::default(), Cell::default());
        Self { world, own, other, document, client, faults, count }
    }

    /// Every row that can be swept.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        rows().filter(|row| self.obstacle(*row).is_none())
    }

    /// Why no right request of a row can be made.
    pub(super) fn obstacle(&self, row: Row) -> Option<String> {
        if let Some(unknown) = row.parameters().find(|name| self.own.known(name).is_none()) {
            return Some(format!("nothing stands for `{unknown}`"));
        }
        let body = self.document.body(row)?;
        body.sample(&|member| self.value(row, &self.own, member)).err()
    }

    /// A tenant of its own.
    pub(super) async fn another(&self) -> Home {
        founded(&self.world, &self.name()).await
    }

    /// Fresh objects in the tenant.
    pub(super) async fn fresh(&self) -> Home {
        let (tenant, admin) = (self.own.tenant.clone(), self.own.admin.clone());
        furnished(&self.world, tenant, admin, &self.name()).await
    }

    /// A name that was not used before.
    pub(super) fn name(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("sweep{}", self.count.get())
    }

    /// The right value of a member of a body.
    pub(super) fn value(&self, row: Row, home: &Home, member: &str) -> Option<Value> {
        let unique = self.name();
        Some(match member {
            "name" if row.0.noun == "permissions" => json!(format!("{}:read", row.0.name)),
            "resource" => json!(row.0.name),
            "name" | "username" | "slug" => json!(unique),
            "email" => json!(format!("{unique}@example.com")),
            "action" => json!("read"),
            "scopes" | "permissions" => json!(["sweep:read"]),
            "environment" => json!("live"),
            "apiKey" => json!(home.secret),
            "keys" => json!([{ "apiKey": home.secret }]),
            "checks" => json!([{ "resource": row.0.name, "action": "read" }]),
            "user_id" | "id" => json!(home.user),
            "role_id" => json!(home.role),
            "group_id" => json!(home.group),
            "permission_id" => json!(home.permission),
            "type" => json!("user"),
            "amount" | "remaining" => json!(1),
            "interval" => json!("daily"),
            _ => return None,
        })
    }

    /// A right body of a row.
    pub(super) fn sample(&self, row: Row, home: &Home) -> Option<Value> {
        let body = self.document.body(row)?;
        Some(body.sample(&|member| self.value(row, home, member)).unwrap())
    }

    /// A request that is right in every part.
    pub(super) fn right(&self, row: Row, home: &Home) -> Ask {
        let (key, tenant) = match row.0.access {
            Access::Master(_) => (self.world.master_key.clone(), MASTER.to_owned()),
            _ => (home.admin.clone(), home.tenant.clone()),
        };
        let path = row.path(|parameter| home.id(parameter));
        let method = row.0.method.word();
        let mut ask = Ask { method, path, headers: Vec::new(), body: Vec::new() };
        ask = ask.with("x-api-key", key);
        if row.is_platform() {
            ask = ask.with("x-tenantid", tenant);
        }
        match self.sample(row, home) {
            Some(body) => ask.with("content-type", "application/json").body(body.to_string()),
            None => ask,
        }
    }

    /// Sends a request, looks at what every answer must have, and gives the answer.
    pub(super) async fn ask(&self, row: Row, what: &str, ask: &Ask) -> Reply {
        let reply = self.client.lock().await.send(&self.world, ask).await;
        for fault in self.common_faults(row, ask, &reply) {
            self.fault(row, what, &reply, &fault);
        }
        reply
    }

    /// The same, and insists on a status.
    pub(super) async fn expect(&self, row: Row, what: &str, ask: &Ask, status: u16) -> Reply {
        let reply = self.client.lock().await.send(&self.world, ask).await;
        self.judge(row, what, ask, &reply, status);
        reply
    }

    /// Looks at an answer, and insists on its status.
    pub(super) fn judge(&self, row: Row, what: &str, ask: &Ask, reply: &Reply, status: u16) {
        for fault in self.common_faults(row, ask, reply) {
            self.fault(row, what, reply, &fault);
        }
        if reply.status != status {
            self.fault(row, what, reply, &format!("not {status}"));
        }
    }

    /// Remembers what is wrong with an answer.
    pub(super) fn fault(&self, row: Row, what: &str, reply: &Reply, fault: &str) {
        let shown: String = String::from_utf8_lossy(&reply.body).chars().take(300).collect();
        let line = format!("{}, {what}: {fault}: {} {shown}", row.name(), reply.status);
        self.faults.borrow_mut().push(line);
    }

    fn common_faults(&self, row: Row, ask: &Ask, reply: &Reply) -> Vec<String> {
        let mut faults = Vec::new();
        if reply.status >= 500 {
            faults.push("a fault of ours".to_owned());
        }
        if !reply.headers.contains_key("x-request-id") {
            faults.push("no `X-Request-ID`".to_owned());
        }
        faults.extend(self.leaks(ask, reply).into_iter().map(|text| format!("shows `{text}`")));
        let is_tenants = rows().any(|known| known.name() == row.name());
        if is_tenants {
            faults.extend(shape::fault(row.0.dialect, reply.status, &reply.body));
            let told = self.document.tells(row, reply.status);
            // How HTTP itself is spoken is told once, not with each operation.
            if !told && !matches!(reply.status, 405 | 406) {
                faults.push("the document does not tell of this status".to_owned());
            }
        }
        faults
    }

    /// What an answer shows of the other tenant that the request does not name itself.
    pub(super) fn leaks(&self, ask: &Ask, reply: &Reply) -> Vec<String> {
        let other = &self.other;
        let (name, code) = (CANARY.to_owned(), other.secret[..16].to_owned());
        let ids = ["id", "uid", "role_id", "perm_id", "group_id", "key_id"].map(|p| other.id(p));
        let headers = reply.headers.values().filter_map(|value| value.to_str().ok());
        let answer = String::from_utf8_lossy(&reply.body);
        let answer = headers.chain([answer.as_ref()]).collect::<Vec<_>>().join("\n");
        let needles = ids.into_iter().chain([name, code]);
        needles.filter(|needle| !ask.says(needle) && answer.contains(needle)).collect()
    }

    /// Forgets the last faults: they were wanted.
    pub(super) fn forgive(&self, count: usize) {
        let mut faults = self.faults.borrow_mut();
        let kept = faults.len() - count;
        faults.truncate(kept);
    }

    /// Fails with everything that was wrong.
    pub(super) fn end(self) {
        let faults = self.faults.into_inner();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}

/// A tenant with its administrator and objects, founded by the master.
async fn founded(world: &World, name: &str) -> Home {
    let body = json!({ "name": format!("{name} Ltd"), "slug": name, "issue_admin_key": true });
    let key = Some(world.master_key.as_str());
    let made = world.call("POST", "/api/v1/tenants", key, None, Some(body)).await.is(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (tenant, admin) = (text(&made.data()["id"]), &made.data()["admin_api_key"]["secret"]);
    furnished(world, tenant, text(admin), name).await
}

async fn furnished(world: &World, tenant: String, admin: String, name: &str) -> Home {
    let make = async |noun: &str, body: Value| {
        let path = format!("/api/v1/tenants/{tenant}/{noun}");
        world.call("POST", &path, Some(&admin), None, Some(body)).await.is(201)
    };
    let id = |answer: &crate::harness::Answer| answer.data()["id"].as_str().unwrap().to_owned();
    let email = format!("{name}@example.com");
    let user = id(&make("users", json!({ "username": name, "email": email })).await);
    let role = id(&make("roles", json!({ "name": name })).await);
    let group = id(&make("groups", json!({ "name": name })).await);
    let permission = json!({ "name": format!("{name}:go"), "resource": name, "action": "go" });
    let permission = id(&make("permissions", permission).await);
    let key = make("api-keys", json!({ "name": name, "scopes": [format!("{name}:go")] })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (secret, key) = (text(&key.data()["secret"]), text(&key.data()["api_key"]["id"]));
    Home { tenant, admin, user, role, permission, group, key, secret }
}
