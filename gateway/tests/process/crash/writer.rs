//! One writer: it changes objects of its own, and notes what was acknowledged and what was not.

use std::io;
use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::harness::{Dice, Home, Reply, key_body, text};

/// What a writer knows of its objects.
#[derive(Default)]
pub(super) struct Written {
    pub(super) keys: Vec<Key>,
    pub(super) objects: Vec<Object>,
    pub(super) links: Vec<Link>,
}

/// How much is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Acknowledged,
    /// It was sent, and no answer came.
    Unknown,
}

/// A key. Where `known` is not acknowledged, the last change of it may or may not have happened.
pub(super) struct Key {
    pub(super) name: String,
    /// None while its issue is not acknowledged.
    pub(super) id: Option<String>,
    pub(super) secret: String,
    /// Key strings that were rotated away, acknowledged.
    pub(super) past: Vec<String>,
    pub(super) change: Change,
    pub(super) known: Known,
}

/// The last change of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Issued,
    Rotated,
    Revoked,
}

/// A user, a role or a group.
pub(super) struct Object {
    pub(super) noun: &'static str,
    pub(super) body: Value,
    pub(super) id: Option<String>,
}

/// A user in a group, or with a role.
pub(super) struct Link {
    pub(super) noun: &'static str,
    pub(super) user: String,
    pub(super) id: String,
    pub(super) is_there: bool,
    pub(super) known: Known,
}

pub(super) struct Writer {
    home: Home,
    name: usize,
    dice: Dice,
    acknowledged: Sender<()>,
    written: Written,
}

impl Writer {
    pub(super) fn new(home: Home, name: usize, dice: Dice, acknowledged: Sender<()>) -> Self {
        Self { home, name, dice, acknowledged, written: Written::default() }
    }

    /// Writes until the connection breaks.
    pub(super) fn run(mut self) -> Written {
        while self.step().is_ok() {
            let _ = self.acknowledged.send(());
        }
        self.written
    }

    fn step(&mut self) -> io::Result<()> {
        match self.dice.below(10) {
            0..=3 => self.issue(),
            4 => self.change(Change::Rotated),
            5 => self.change(Change::Revoked),
            6..=7 => self.create(),
            _ => self.link(),
        }
    }

    fn write(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> io::Result<Reply> {
        let reply = self.home.try_ask(method, path, body)?;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        Ok(reply)
    }

    fn issue(&mut self) -> io::Result<()> {
        let name = format!("{}-{}", self.name, self.written.keys.len());
        let body = key_body(&name);
        self.written.keys.push(Key {
            name,
            id: None,
            secret: String::new(),
            past: Vec::new(),
            change: Change::Issued,
            known: Known::Unknown,
        });
        let reply = self.write("POST", "/api/v1/api-keys", Some(&body), 201)?.json();
        let key = self.written.keys.last_mut().unwrap();
        key.id = Some(text(&reply["data"]["id"]).into());
        text(&reply["data"]["apiKey"]).clone_into(&mut key.secret);
        key.known = Known::Acknowledged;
        Ok(())
    }

    /// Rotates or revokes one of the keys that still work, or issues the first.
    fn change(&mut self, change: Change) -> io::Result<()> {
        let live: Vec<usize> = (0..self.written.keys.len())
            .filter(|at| self.written.keys[*at].change != Change::Revoked)
            .collect();
        if live.is_empty() {
            return self.issue();
        }
        let at = live[usize::try_from(self.dice.below(live.len() as u64)).unwrap()];
        let key = &mut self.written.keys[at];
        let path = format!("/api/v1/api-keys/{}", key.id.as_ref().unwrap());
        (key.change, key.known) = (change, Known::Unknown);
        if change == Change::Revoked {
            self.write("DELETE", &path, None, 200)?;
        } else {
            let reply = self.write("POST", &format!("{path}/rotate"), None, 200)?.json();
            let key = &mut self.written.keys[at];
            let new = text(&reply["data"]["newApiKey"]).to_owned();
            key.past.push(std::mem::replace(&mut key.secret, new));
        }
        self.written.keys[at].known = Known::Acknowledged;
        Ok(())
    }

    fn create(&mut self) -> io::Result<()> {
        let name = format!("{}-{}", self.name, self.written.objects.len());
        let (noun, body) = match self.dice.below(4) {
            0 => ("roles", json!({ "name": name })),
            1 => ("groups", json!({ "name": name })),
            _ => {
                let email = format!("{name}@example.org");
                ("users", json!({ "username": name, "email": email }))
            }
        };
        let path = self.home.path(noun);
        self.written.objects.push(Object { noun, body: body.clone(), id: None });
        let reply = self.write("POST", &path, Some(&body), 201)?.json();
        self.written.objects.last_mut().unwrap().id = Some(text(&reply["data"]["id"]).into());
        Ok(())
    }

    /// Joins a user with a role or a group, or parts them.
    fn link(&mut self) -> io::Result<()> {
        if let Some(at) = self.written.links.iter().position(|link| link.is_there)
            && self.dice.below(3) == 0
        {
            let link = &mut self.written.links[at];
            (link.is_there, link.known) = (false, Known::Unknown);
            let path = format!("users/{}/{}/{}", link.user, link.noun, link.id);
            self.write("DELETE", &self.home.path(&path), None, 204)?;
            self.written.links[at].known = Known::Acknowledged;
            return Ok(());
        }
        let Some((user, noun, id)) = self.unlinked() else { return self.create() };
        let (path, body) = match noun {
            "roles" => (format!("users/{user}/roles"), json!({ "role_id": id })),
            _ => (format!("groups/{id}/members"), json!({ "user_id": user })),
        };
        self.written.links.push(Link { noun, user, id, is_there: true, known: Known::Unknown });
        self.write("POST", &self.home.path(&path), Some(&body), 204)?;
        self.written.links.last_mut().unwrap().known = Known::Acknowledged;
        Ok(())
    }

    /// The newest user, and a role or a group that they never had.
    fn unlinked(&self) -> Option<(String, &'static str, String)> {
        let objects = &self.written.objects;
        let user = objects.iter().rfind(|object| object.noun == "users")?.id.clone()?;
        let had = |id: &String| self.written.links.iter().any(|it| it.user == user && it.id == *id);
        let other = objects.iter().filter(|object| object.noun != "users");
        let (noun, id) = other
            .filter_map(|object| Some((object.noun, object.id.clone()?)))
            .find(|(_, id)| !had(id))?;
        Some((user, noun, id))
    }
}
