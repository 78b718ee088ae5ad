//! Users and groups, and what they hold: the same ones every time.

/// Users of the demonstration.
pub(super) const USERS: usize = FIRST_NAMES.len() * LAST_NAMES.len();

const FIRST_NAMES: [&str; 20] = [
    "Ada",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Joan",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Ole",
    "Peter",
    "Radia",
    "Sophie",
    "Tony",
    "Vint",
];
const LAST_NAMES: [&str; 15] = [
    "Allen",
    "Becker",
    "Clarke",
    "Diaz",
    "Evans",
    "Fischer",
    "Garcia",
    "Hoffmann",
    "Ito",
    "Johansson",
    "Kowalski",
    "Lopez",
    "Meyer",
    "Novak",
    "Okafor",
];
const DEPARTMENTS: [&str; 8] = [
    "Data",
    "Engineering",
    "Finance",
    "Networking",
    "Operations",
    "Research",
    "Security",
    "Support",
];
const TEAMS: [&str; 4] = ["Core", "Emea", "Oncall", "Tools"];

/// One of the users.
pub(super) struct Person {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    /// Places in the list of roles, each once.
    pub(super) roles: Vec<usize>,
    /// Places in the list of groups, each once.
    pub(super) groups: Vec<usize>,
}

/// One of the groups.
pub(super) struct Team {
    pub(super) name: &'static str,
    /// A place in the list of groups, before its own.
    pub(super) parent: Option<usize>,
    /// Places in the list of roles, each once.
    pub(super) roles: Vec<usize>,
}

/// 8 departments with 4 teams each.
pub(super) fn teams(roles: usize) -> Vec<Team> {
    let mut seeded = Seeded(0x7465_616d);
    let mut teams = Vec::new();
    for name in DEPARTMENTS {
        teams.push(Team { name, parent: None, roles: seeded.some(1, 2, roles) });
    }
    for parent in 0..DEPARTMENTS.len() {
        for name in TEAMS {
            teams.push(Team { name, parent: Some(parent), roles: seeded.some(1, 6, roles) });
        }
    }
    teams
}

/// Every first name with every last name.
pub(super) fn people(roles: usize, groups: usize) -> Vec<Person> {
    let mut seeded = Seeded(0x7065_6f70);
    let names =
        FIRST_NAMES.iter().flat_map(|first| LAST_NAMES.iter().map(move |last| (first, last)));
    names
        .map(|(first_name, last_name)| Person {
            first_name,
            last_name,
            roles: seeded.some(1, 4, roles),
            groups: seeded.some(0, 2, groups),
        })
        .collect()
}

/// `SplitMix64`: for the spread of a demonstration, never for a secret.
pub(super) struct Seeded(pub(super) u64);

impl Seeded {
    /// A number below `end`; 0 when there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let below = (mixed ^ (mixed >> 31)).checked_rem(end as u64).unwrap_or(0);
        usize::try_from(below).unwrap_or(0)
    }

    /// `least` to `most` different numbers below `end`; fewer when they happen to be the same.
    fn some(&mut self, least: usize, most: usize, end: usize) -> Vec<usize> {
        let count = least + self.below(most - least + 1);
        let mut drawn: Vec<usize> = (0..count).map(|_| self.below(end)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }
}
