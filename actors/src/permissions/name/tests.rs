//! Which texts are names, what they match, and what covers what.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> PermissionName {
    PermissionName::parse(text).unwrap()
}

#[test]
fn well_formed_names_keep_their_parts() {
    for (text, resource, action, shown) in [
        ("docs:read", "docs", "read", "docs:read"),
        ("docs/*:read", "docs/*", "read", "docs/*:read"),
        ("docs/a.b/*:*", "docs/a.b/*", "*", "docs/a.b/*:*"),
        ("*:read", "*", "read", "*:read"),
        ("*:*", "*", "*", "*"),
        ("*", "*", "*", "*"),
        ("/*:read", "/*", "read", "/*:read"),
        ("A-Z_~@+=/x:Y.z", "A-Z_~@+=/x", "Y.z", "A-Z_~@+=/x:Y.z"),
    ] {
        let name = name(text);
        let parts = (name.resource(), name.action(), name.to_string());
        assert_eq!(parts, (resource, action, shown.to_owned()), "{text}");
    }
}

#[test]
fn malformed_names_say_why() {
    for (text, expected) in [
        ("", "needs exactly one `:`"),
        ("docs", "needs exactly one `:`"),
        ("docs:read:all", "needs exactly one `:`"),
        (":read", "empty side"),
        ("docs:", "empty side"),
        (":", "empty side"),
        ("do cs:read", "contains ` `"),
        ("docs:réad", "contains `é`"),
        ("docs\n:read", "contains `\\n`"),
        ("do*cs:read", "`*` in the wrong place"),
        ("*/docs:read", "`*` in the wrong place"),
        ("docs/*/x:read", "`*` in the wrong place"),
        ("*/*:read", "`*` in the wrong place"),
        ("docs/**:read", "`*` in the wrong place"),
        ("docs*:read", "`*` in the wrong place"),
        ("**:read", "`*` in the wrong place"),
        ("docs:re*", "`*` in the wrong place"),
        ("docs:**", "`*` in the wrong place"),
        ("docs:x/*", "`*` in the wrong place"),
    ] {
        let error = PermissionName::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "`{text}` says: {error}");
    }
}

#[test]
fn the_length_limit_counts_characters() {
    let longest = format!("{}:read", "x".repeat(NAME_CHARS_MAX - 5));
    assert_eq!(name(&longest).as_str().len(), NAME_CHARS_MAX);
    let error = PermissionName::parse(&format!("{longest}x")).unwrap_err();
    assert_eq!(error, NameError::TooLong { chars: NAME_CHARS_MAX + 1 });
    let wide = "é".repeat(200);
    assert!(matches!(PermissionName::parse(&wide), Err(NameError::Character { .. })));
}

#[test]
fn matching_is_by_bytes_and_by_whole_segments() {
    for (granted, resource, action, expected) in [
        ("docs:read", "docs", "read", true),
        ("docs:read", "Docs", "read", false),
        ("docs:read", "docs", "Read", false),
        ("docs:read", "docs/a", "read", false),
        ("docs:read", "docs", "*", false),
        ("docs:*", "docs", "*", true),
        ("docs:*", "docs", "any thing: at all", true),
        ("docs/*:read", "docs", "read", false),
        ("docs/*:read", "docs/a", "read", true),
        ("docs/*:read", "docs/a/b/c", "read", true),
        ("docs/*:read", "docs/*", "read", true),
        ("docs/*:read", "docsa/b", "read", false),
        ("docs/*:read", "docs/", "read", false),
        ("docs/*:read", "docs//a", "read", false),
        ("docs/*:read", "docs/a/", "read", false),
        ("docs/*:read", "docs/./a", "read", false),
        ("docs/*:read", "docs/a/../../etc", "read", false),
        ("docs/*:read", "docs/..", "read", false),
        ("docs/*:read", "docs/...", "read", true),
        ("a//b/*:read", "a//b/*", "read", false),
        ("/*:read", "/a", "read", false),
        ("docs//a:read", "docs//a", "read", true),
        ("*:read", "docs//../a", "read", true),
        ("*:read", "*", "read", true),
        ("*:read", "docs", "write", false),
        ("*", "any:thing", "*", true),
    ] {
        let got = name(granted).matches(resource, action);
        assert_eq!(got, expected, "`{granted}` on `{resource}`, `{action}`");
    }
}

#[test]
fn a_path_is_looked_into_up_to_its_limit() {
    let granted = name("a/*:read");
    let deep = |segments: usize| vec!["a"; segments].join("/");
    assert!(granted.matches(&deep(PATH_SEGMENTS_MAX), "read"));
    assert!(!granted.matches(&deep(PATH_SEGMENTS_MAX + 1), "read"));
    assert!(name("*:read").matches(&deep(PATH_SEGMENTS_MAX + 1), "read"));
}

#[test]
fn names_travel_as_strings() {
    let read: Vec<PermissionName> = serde_json::from_str(r#"["*:*","docs/*:read"]"#).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), r#"["*","docs/*:read"]"#);
    let error = serde_json::from_str::<PermissionName>(r#""docs""#).unwrap_err().to_string();
    assert!(error.contains("`docs` needs exactly one `:`"), "{error}");
}

const RESOURCES: [&str; 12] =
    ["*", "a", "a/*", "a/b", "a/b/*", "a/b/c", "b/*", "ab", "a//*", "a//b", "a/../*", "/*"];

fn any_name() -> impl Strategy<Value = PermissionName> {
    let action = proptest::sample::select(vec!["*", "get", "put"]);
    (proptest::sample::select(RESOURCES.to_vec()), action)
        .prop_map(|(resource, action)| name(&format!("{resource}:{action}")))
}

fn any_question() -> impl Strategy<Value = (String, &'static str)> {
    let segment = proptest::sample::select(vec!["a", "b", "c", "zz", "*", "", ".", ".."]);
    let resource = proptest::collection::vec(segment, 1..5).prop_map(|parts| parts.join("/"));
    (resource, proptest::sample::select(vec!["get", "put", "*", "zz"]))
}

/// A question that `name` matches and that no narrower name does, unless nothing matches `name`.
fn witness(name: &PermissionName) -> (String, &str) {
    let resource = match name.resource_pattern() {
        ResourcePattern::Exactly(text) => text.to_owned(),
        ResourcePattern::Below(prefix) => format!("{prefix}/unheard-of"),
        ResourcePattern::Any => "unheard-of".to_owned(),
    };
    (resource, name.action_pattern().unwrap_or("unheard-of"))
}

proptest! {
    #[test]
    fn what_covers_matches_all_that_is_covered(
        (wide, narrow) in (any_name(), any_name()),
        questions in proptest::collection::vec(any_question(), 50),
    ) {
        for (resource, action) in &questions {
            let implied = !narrow.matches(resource, action) || wide.matches(resource, action);
            prop_assert!(!wide.covers(&narrow) || implied, "{wide} {narrow} {resource} {action}");
        }
    }

    #[test]
    fn what_does_not_cover_misses_something(wide in any_name(), narrow in any_name()) {
        let (resource, action) = witness(&narrow);
        if narrow.matches(&resource, action) {
            prop_assert_eq!(wide.covers(&narrow), wide.matches(&resource, action));
        }
    }

    #[test]
    fn any_text_parses_or_explains(text in "\\PC{0,40}|[a-z*/:.]{0,20}") {
        match PermissionName::parse(&text) {
            Ok(name) => prop_assert_eq!(PermissionName::parse(&name.to_string()), Ok(name)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
