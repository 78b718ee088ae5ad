//! A life full of secrets, in their places and out of them.

use serde_json::{Value, json};

use super::secrets::Secrets;
use super::{member, named};
use crate::clients::curl;
use crate::harness::{Gateway, Home, MASTER, Reply, World, key_body};

/// A key of another form in every character: of nobody, but well made.
const FORGED_FROM: &str = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";
const VALIDATE: &str = "/api/v1/api-keys/validate";

pub(super) struct Life<'l> {
    pub(super) world: &'l World,
    pub(super) gateway: &'l Gateway,
    pub(super) home: Home,
    pub(super) secrets: &'l mut Secrets,
}

impl Life<'_> {
    pub(super) fn live(mut self) {
        let keys = self.keys();
        self.repeated();
        self.users();
        let forged = self.secrets.key("a forged key", FORGED_FROM);
        let broken = self.secrets.key("a broken key", &FORGED_FROM.replace("2nhFgd", "2nhFge"));
        for key in keys.iter().chain([&forged, &broken]) {
            self.validated(key);
        }
        for key in [&keys[0], &forged] {
            self.out_of_place(key);
            self.malformed(key);
            self.over_http2(key);
        }
    }

    /// Keys of every surface, rotated, revoked.
    fn keys(&mut self) -> Vec<String> {
        let (id, platform) = self.home.issue(&key_body("platform"));
        let path = self.home.path("api-keys");
        let iam = self.home.ask("POST", &path, Some(&named("iam"))).expect(201);
        let body = json!({ "name": "workspace", "permissions": ["users:read"] });
        let workspace = self.bearer("POST", "/v1/api-keys", &body).expect(201);
        let rotate = json!({ "gracePeriodHours": 1 });
        let path = format!("/api/v1/api-keys/{id}/rotate");
        let graceful = self.home.ask("POST", &path, Some(&rotate));
        let graceful = if graceful.status == 200 { graceful } else { self.rotated(&path) };
        let rotated = self.rotated(&path).expect(200);
        let keys = vec![
            ("a key of the platform", platform),
            ("a key of IAM", member(&iam, "secret")),
            ("a key of the workspace", member(&workspace, "key")),
            ("a rotated key", member(&graceful.expect(200), "newApiKey")),
            ("a key rotated at once", member(&rotated, "newApiKey")),
        ];
        let (id, revoked) = self.home.issue(&key_body("revoked"));
        self.home.ask("DELETE", &format!("/api/v1/api-keys/{id}"), None).expect(200);
        let keys = keys.into_iter().chain([("a revoked key", revoked)]);
        keys.map(|(what, key)| self.secrets.key(what, &key)).collect()
    }

    fn rotated(&mut self, path: &str) -> Reply {
        self.home.ask("POST", path, None)
    }

    fn bearer(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.home.key);
        let headers = [("authorization", bearer.as_str())];
        self.gateway.link().send(method, path, &headers, Some(body)).unwrap()
    }

    /// Creates whose answers are kept, and given again.
    fn repeated(&mut self) {
        let (key, tenant) = (self.home.key.clone(), self.home.tenant.clone());
        let master = self.world.master_key.clone();
        let new = json!({ "name": "again", "slug": "again", "issue_admin_key": true });
        let creates = [
            (&key, &tenant, "/api/v1/api-keys".to_owned(), key_body("again"), "apiKey"),
            (&key, &tenant, self.home.path("api-keys"), named("once more"), "secret"),
            (&master, &MASTER.to_owned(), "/api/v1/tenants".to_owned(), new, "admin_api_key"),
        ];
        for (number, (key, tenant, path, body, name)) in creates.into_iter().enumerate() {
            let again = self.secrets.key("a key as an `Idempotency-Key`", &other_key(number));
            let headers =
                [("x-api-key", key.as_str()), ("x-tenantid", tenant), ("idempotency-key", &again)];
            let mut send =
                || self.home.link.send("POST", &path, &headers, Some(&body)).unwrap().expect(201);
            let (first, second) = (send(), send());
            assert_eq!(first["data"], second["data"]);
            let secret = match &first["data"][name] {
                Value::String(secret) => secret.clone(),
                key => key["secret"].as_str().unwrap().to_owned(),
            };
            self.secrets.key("a key that was given twice", &secret);
        }
    }

    fn users(&mut self) {
        let mut password = |text: &str| self.secrets.password(text);
        let (first, second) = (password("Kanarie-Vogel-19!"), password("Zeisig im Baum 27?"));
        let (third, short) = (password("Stieglitz+Distel=3"), password("Fink$7"));
        let body = |password: &str| json!({ "username": "canary.user", "email": "c@example.org", "password": password });
        let user = self.home.make("users", &body(&first));
        let (all, one) = (self.home.path("users"), self.home.path(&format!("users/{user}")));
        self.home.ask("PATCH", &one, Some(&json!({ "password": second }))).expect(200);
        self.home.ask("PUT", &one, Some(&body(&third))).expect(200);
        self.home.ask("POST", &all, Some(&body(&first))).expect(409);
        let wrong = [
            json!({ "username": "x", "email": "x@example.org", "password": short }),
            json!({ "username": "x", "email": "x@example.org", "password": [first] }),
            json!({ "username": "x", "email": "x@example.org", "passwort": first }),
            json!({ "username": "x", "email": "x@example.org", second.as_str(): 1 }),
        ];
        for body in wrong {
            self.home.ask("POST", &all, Some(&body)).expect(422);
        }
        self.home.ask("GET", &format!("{all}?password=Fink$7"), None);
        self.raw(&all, &format!("{{\"username\": \"x\", \"password\": \"{third}\""));
    }

    /// At every door, as a question and as a credential.
    fn validated(&mut self, key: &str) {
        self.home.validate(key);
        let body = json!({ "apiKey": key });
        self.home.link.send("POST", "/api/v1/api-key/validate", &[], Some(&body)).unwrap();
        let batch = json!({ "apiKeys": [key, key] });
        self.home.ask("POST", &format!("{VALIDATE}/batch"), Some(&batch));
        let (me, bearer) = ("/api/v1/api-keys/me", format!("Bearer {key}"));
        for header in [("x-api-key", key), ("authorization", bearer.as_str())] {
            let status = self.home.link.send("GET", me, &[header], None).unwrap().status;
            assert!([200, 401].contains(&status), "{status}");
        }
    }

    /// In paths, queries and headers that are not for it.
    fn out_of_place(&mut self, key: &str) {
        let paths = [
            format!("/{key}"),
            format!("/api/v1/api-keys/{key}"),
            format!("/v1/api-keys/{key}"),
            format!("/api/v1/tenants/{key}/users"),
            format!("/{key}/v1?{key}={key}"),
            format!("/api/v1/api-keys?apiKey={key}&limit={key}&cursor={key}"),
            format!("/health?api_key={key}"),
            format!("/api/v1/api-keys/me?x-api-key={key}"),
        ];
        for method in ["GET", "DELETE", "PATCH", "OPTIONS"] {
            for path in &paths {
                let status = self.home.ask(method, path, None).status;
                assert!(status < 500, "{method} {path}: {status}");
            }
        }
        let own = self.home.key.clone();
        let basic = format!("Basic {key}");
        let places = [
            ("x-tenantid", key),
            ("authorization", key),
            ("authorization", basic.as_str()),
            ("cookie", key),
            ("accept", key),
            ("content-type", key),
            ("if-match", key),
            ("x-forwarded-for", key),
            ("x-api-version", key),
            (key, "1"),
        ];
        for (number, (name, value)) in places.into_iter().enumerate() {
            let mut headers = vec![("x-api-key", own.as_str()), (name, value)];
            if name != "x-tenantid" {
                headers.push(("x-tenantid", &self.home.tenant));
            }
            let body = key_body(&format!("{number} beside {}", &key[..12]));
            let sent = self.home.link.send("POST", "/api/v1/api-keys", &headers, Some(&body));
            let reply = sent.unwrap();
            assert!(reply.status < 500, "{name}: {}", reply.text());
            if reply.status == 201 {
                self.secrets.key("a key issued beside it", &member(&reply.json(), "apiKey"));
            }
        }
    }

    /// In bodies and requests that cannot be read.
    fn malformed(&mut self, key: &str) {
        for body in [
            format!("{{\"apiKey\": \"{key}\""),
            format!("{{\"apiKey\": [\"{key}\"]}}"),
            format!("{{\"apiKey\": \"{key}\", \"apiKey\": \"{key}\"}}"),
            format!("{{\"apiKey\": \"{key}\", \"{key}\": 1}}"),
            format!("{{\"apiKey\": \"{key} \", \"requiredScopes\": \"{key}\"}}"),
            format!("\"{key}\""),
            key.to_owned(),
        ] {
            for path in [VALIDATE, "/api/v1/api-keys", "/v1/api-keys"] {
                let status = self.raw(path, &body).status;
                assert!(status < 500, "{path} {body}: {status}");
            }
        }
        for head in [
            format!("{key} / HTTP/1.1\r\n\r\n"),
            format!("GET /{key} HTTP/9.9\r\n\r\n"),
            format!("GET /{key} {key}\r\n{key}\r\n\r\n"),
            format!("GET / HTTP/1.1\r\n{key}\r\n\r\n"),
            format!("{key}\r\n\r\n"),
        ] {
            let mut link = self.gateway.link();
            link.write(&head).unwrap();
            assert!(link.read().is_ok_and(|reply| reply.status < 500), "{head}");
        }
    }

    /// Sends a body as it is, with the tenant's key.
    fn raw(&mut self, path: &str, body: &str) -> Reply {
        let mut link = self.gateway.link();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n",
            self.home.key,
            body.len()
        );
        link.write(&format!("{head}{body}")).unwrap();
        link.read().unwrap()
    }

    /// As header, body and path of HTTP/2, whose library logs for itself.
    fn over_http2(&self, key: &str) {
        let header = format!("x-api-key: {key}");
        let tenant = format!("x-tenantid: {}", self.home.tenant);
        let body = json!({ "apiKey": key }).to_string();
        for path in [VALIDATE, &format!("/{key}?{key}"), "/api/v1/api-keys/me"] {
            let url = format!("{}{path}", self.gateway.url);
            let asked = ["--http2-prior-knowledge", "--header", &header, "--header", &tenant];
            let json = ["--header", "content-type: application/json", "--data", &body, &url];
            // What it answers is for other tests.
            let _ = curl(self.world, &[&asked[..], &json].concat());
        }
    }
}

/// A key of a form of its own, for places where only its form counts.
fn other_key(number: usize) -> String {
    FORGED_FROM.replace("00112233", &format!("77{number}66554"))
}
