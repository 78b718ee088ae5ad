//! The first stage: which endpoint a request is for.

use http::request;
use latchkey_actors::error::{Code, Error, Kind, Result};
use matchit::Router;

use super::record::Record;
use crate::answer::JSON;
use crate::api;
use crate::context::Parameters;
use crate::dialect::{Dialect, api_version, workspace_version};
use crate::endpoint::{Access, Endpoint, Method};
use crate::metrics::RouteMetrics;

/// One endpoint with the places where its calls are counted.
pub struct Route {
    pub endpoint: &'static Endpoint,
    pub(crate) metrics: RouteMetrics,
}

/// All routes of a listener.
pub struct Routes {
    paths: Router<usize>,
    /// By path and method.
    routes: Vec<[Option<Route>; Method::ALL.len()]>,
}

/// Every endpoint of every table.
pub fn all_endpoints() -> impl Iterator<Item = &'static Endpoint> {
    api::TABLES.iter().flat_map(|table| table.iter())
}

impl Routes {
    pub(crate) fn all() -> Self {
        Self::of(all_endpoints())
    }

    /// Health and metrics alone.
    pub(crate) fn operator() -> Self {
        Self::of(all_endpoints().filter(|e| e.access == Access::Probe))
    }

    fn of(endpoints: impl Iterator<Item = &'static Endpoint>) -> Self {
        let mut this = Self { paths: Router::new(), routes: Vec::new() };
        for endpoint in endpoints {
            let at = this.place(endpoint.path);
            let route = Route { endpoint, metrics: RouteMetrics::of(endpoint) };
            if let Some(place) =
                this.routes.get_mut(at).and_then(|m| m.get_mut(endpoint.method as usize))
            {
                *place = Some(route);
            }
        }
        this
    }

    /// Where the endpoints of a path stand; a new place for a new path.
    fn place(&mut self, path: &'static str) -> usize {
        if let Some(at) = self.routes.iter().position(|methods| {
            methods.iter().flatten().next().is_some_and(|route| route.endpoint.path == path)
        }) {
            return at;
        }
        let at = self.routes.len();
        self.routes.push(std::array::from_fn(|_| None));
        // Two paths that the router cannot tell apart fail the test of the tables.
        if let Err(error) = self.paths.insert(path, at) {
            tracing::error!(path, %error, "a route cannot be told from another");
        }
        at
    }

    /// Finds the endpoint and its path parameters.
    ///
    /// # Errors
    /// 404 for an unknown path or version, 405 with `Allow` for another method.
    pub(crate) fn find<'r>(
        &'r self,
        parts: &request::Parts,
        record: &mut Record,
    ) -> Result<(&'r Route, Parameters)> {
        let path = parts.uri.path();
        record.dialect = Dialect::of_unknown(path);
        let found = self.paths.at(path).map_err(|_| unknown(path))?;
        let Some(methods) = self.routes.get(*found.value) else { return Err(unknown(path)) };
        let first = methods.iter().flatten().next();
        record.dialect = first.map_or(record.dialect, |route| route.endpoint.dialect);
        let route = Method::of(&parts.method).and_then(|m| methods.get(m as usize)?.as_ref());
        let Some(route) = route else {
            record.allow = Some(allow(methods));
            return Err(Error::new(
                Kind::MethodNotAllowed,
                Code::MethodNotAllowed,
                "The path exists, not for this method",
            ));
        };
        record.dialect = route.endpoint.dialect;
        record.route = Some(route.metrics.clone());
        record.endpoint = Some(route.endpoint);
        let start = path.as_ptr() as usize;
        let place = |value: &str| {
            let from = value.as_ptr() as usize - start;
            from..from + value.len()
        };
        let parameters = route.parameters(&found.params, place);
        Ok((route, parameters))
    }

    /// Every route.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().flatten().flatten()
    }
}

impl Route {
    fn parameters(
        &self,
        params: &matchit::Params<'_, '_>,
        place: impl Fn(&str) -> std::ops::Range<usize>,
    ) -> Parameters {
        if params.is_empty() {
            return Parameters::new();
        }
        // The router's names live as long as it does; the path's own text is static.
        let names = self.endpoint.path.split('/').filter_map(|segment| {
            segment.strip_prefix('{')?.strip_suffix('}').map(|name| name.trim_start_matches('*'))
        });
        names.zip(params.iter()).map(|(name, (_, value))| (name, place(value))).collect()
    }
}

fn allow(methods: &[Option<Route>]) -> String {
    let words: Vec<&str> = methods.iter().flatten().map(|r| r.endpoint.method.word()).collect();
    let head = if words.contains(&"GET") { ", HEAD" } else { "" };
    format!("{}{head}", words.join(", "))
}

#[cold]
fn unknown(path: &str) -> Error {
    if workspace_version(path).is_some_and(|version| version != "1") {
        let message = "There is no such version of this API; the current one is v1";
        return Error::new(Kind::NotFound, Code::UnknownVersion, message);
    }
    if api_version(path).is_some_and(|version| version != "1") {
        return Error::not_found("Version of the API");
    }
    Error::not_found("Resource")
}

/// An answer in JSON must be welcome where the route answers in it. Probes are never refused.
pub(super) fn negotiable(endpoint: &Endpoint, parts: &request::Parts) -> Result<()> {
    let Some(accept) = parts.headers.get("accept") else { return Ok(()) };
    let accept = accept.to_str().unwrap_or("*/*");
    // A probe refuses nobody, and metrics are no JSON.
    let raw = endpoint.dialect == Dialect::Raw || endpoint.access == Access::Probe;
    if accept == "*/*" || accept == JSON || raw {
        return Ok(());
    }
    let welcome = |range: &str| {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        let refused = parameters
            .split(';')
            .any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let kind = kind.trim();
        !refused && (kind == "*/*" || kind == "application/*" || kind.eq_ignore_ascii_case(JSON))
    };
    if accept.trim().is_empty() || accept.split(',').any(welcome) {
        return Ok(());
    }
    Err(Error::new(
        Kind::NotAcceptable,
        Code::NotAcceptable,
        "The answer is JSON: accept `application/json`",
    ))
}
