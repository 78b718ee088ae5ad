//! A real model, whole: Google Cloud's predefined roles, and 100,000 questions about them.

use std::{collections::HashSet, fs::File};

use super::{reference, *};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/gcp-iam.json.gz");
const QUESTIONS: usize = 100_000;
const QUESTIONS_EACH: usize = 50;

struct Dataset {
    /// Resource and action of each permission.
    permissions: Vec<(String, String)>,
    /// The permissions of each role, as indexes.
    roles: Vec<Vec<usize>>,
}

impl Dataset {
    fn read() -> Self {
        let file = flate2::read::GzDecoder::new(File::open(FILE).unwrap());
        let json: serde_json::Value = serde_json::from_reader(file).unwrap();
        let side = |text: &serde_json::Value| {
            let (resource, action) = text.as_str().unwrap().rsplit_once('.').unwrap();
            (resource.to_owned(), action.to_owned())
        };
        let index = |n: &serde_json::Value| usize::try_from(n.as_u64().unwrap()).unwrap();
        let granted = |role: &serde_json::Value| {
            role["permissions"].as_array().unwrap().iter().map(index).collect()
        };
        Self {
            permissions: json["permissions"].as_array().unwrap().iter().map(side).collect(),
            roles: json["roles"].as_array().unwrap().iter().map(granted).collect(),
        }
    }

    fn grants(&self) -> usize {
        self.roles.iter().map(Vec::len).sum()
    }

    fn rows(&self) -> Vec<Change> {
        let text = |(resource, action): &(String, String)| name(&format!("{resource}:{action}"));
        let names: Vec<PermissionName> = self.permissions.iter().map(text).collect();
        let mut rows = Vec::new();
        for (n, granted) in (0..).zip(&self.roles) {
            rows.push(put_role(n, &[]));
            rows.extend(granted.iter().map(|&at| Change::RoleGrant {
                role: role(n),
                name: names[at].clone(),
                granted: true,
            }));
        }
        rows
    }
}

/// A small generator (`SplitMix64`): the same questions each time.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The reference, with a set where trying each name would take minutes.
struct Held {
    exactly: HashSet<(String, String)>,
    wildcards: Vec<String>,
}

impl Held {
    fn allows(&self, asked: &(String, String)) -> bool {
        self.exactly.contains(asked)
            || self.wildcards.iter().any(|name| reference::matches(name, &asked.0, &asked.1))
    }
}

/// Wildcard roles of our own, beside the predefined ones.
const WILDCARDS: [&str; 4] =
    ["compute.instances:*", "*:get", "storage.buckets/*:list", "bigquery.tables/*:*"];

fn held(data: &Dataset, roles: &[usize], wildcards: Vec<String>) -> Held {
    let granted = roles.iter().filter_map(|&n| data.roles.get(n)).flatten();
    let exactly = granted.map(|&at| data.permissions[at].clone()).collect();
    Held { exactly, wildcards }
}

/// Near the rights: half of what is asked is what one of the roles grants.
fn ask(data: &Dataset, roles: &[usize], random: &mut Seeded) -> (String, String) {
    let granted = data.roles.get(*random.pick(roles)).filter(|granted| !granted.is_empty());
    let (resource, action) = match granted {
        Some(granted) if random.below(2) == 0 => &data.permissions[*random.pick(granted)],
        _ => random.pick(&data.permissions),
    };
    match random.below(10) {
        0 => (format!("{resource}/x/y"), action.clone()),
        1 => (resource.clone(), "nothing".to_owned()),
        _ => (resource.clone(), action.clone()),
    }
}

#[test]
fn the_predefined_roles_of_a_cloud_are_answered_as_the_reference_does() {
    let data = Dataset::read();
    let counts = (data.roles.len(), data.permissions.len(), data.grants());
    assert_eq!(counts, (2_461, 13_790, 165_179));
    let mut rows = data.rows();
    for (n, text) in (data.roles.len()..).zip(WILDCARDS) {
        rows.extend([put_role(n as u128, &[]), grant(n as u128, text)]);
    }
    let model = Model::compile(rows);
    let mut random = Seeded(2_461);
    let mut allowed = 0;
    for _ in 0..QUESTIONS / QUESTIONS_EACH {
        let mut roles: Vec<usize> =
            (0..=random.below(4)).map(|_| random.below(data.roles.len())).collect();
        if random.below(4) == 0 {
            roles.push(data.roles.len() + random.below(WILDCARDS.len()));
        }
        let direct: Vec<_> = roles.iter().map(|&n| (role(n as u128), None)).collect();
        let rights = model.resolve(&Direct { roles: &direct, ..Direct::default() }, 0);
        let wild = roles.iter().filter_map(|n| n.checked_sub(data.roles.len()));
        let held = held(&data, &roles, wild.map(|n| WILDCARDS[n].to_owned()).collect());
        for _ in 0..QUESTIONS_EACH {
            let asked = ask(&data, &roles, &mut random);
            let got = model.allows(&rights, &question(&asked.0, &asked.1));
            assert_eq!(got, held.allows(&asked), "{asked:?} by {roles:?}");
            allowed += usize::from(got);
        }
    }
    let share = allowed * 100 / QUESTIONS;
    assert!((20..80).contains(&share), "{share} % allowed: the questions say little");
}
