//! The rules, held to what they must find and to what they must leave alone.

use std::path::Path;

use crate::{
    LINES_MAX,
    rules::{
        UNFINISHED, UNFINISHED_MACROS, dead_links, header, length, outside, sleeps, strangers,
        targets, unfinished, unmentioned, unreasoned,
    },
    tree::File,
};

/// Each rule finds what it is for in the first sample, and nothing in the second.
#[test]
fn rules_tell_wrong_from_right() {
    let rs = |text: &str| File::new("crate/src/a.rs", text);
    let md = |text: &str| File::new("docs/a.md", text);
    let (long, short) = ("//!\n".repeat(LINES_MAX + 1), "//!\n".repeat(LINES_MAX));
    let sleep = concat!("thread::sl", "eep(x);\n");
    let mark = UNFINISHED[0];
    let rows: Vec<(&str, Vec<String>, Vec<String>)> = vec![
        ("header", header(&rs("use a;\n//! late")), header(&rs("//! Keys."))),
        ("length", length(&rs(&long), &[]), length(&rs(&short), &[])),
        ("growth", length(&rs("a\nb"), &[("crate/src/a.rs", 1)]), length(&rs("a"), &[("b.rs", 3)])),
        (
            "shrink",
            length(&rs("a"), &[("crate/src/a.rs", 2)]),
            length(&rs("a\nb"), &[("crate/src/a.rs", 2)]),
        ),
        (
            "nouns",
            strangers("x", &["keyz".into()], &["mod"]),
            strangers("x", &["users".into(), "mod".into()], &["mod"]),
        ),
        (
            "unfinished",
            unfinished(&md(&format!("({mark}: it)"))),
            unfinished(&md(&format!("A{mark}S"))),
        ),
        ("macros", unfinished(&rs(UNFINISHED_MACROS[1])), unfinished(&md(UNFINISHED_MACROS[1]))),
        (
            "sleeps",
            sleeps(&rs(&format!("a\n#[cfg(test)]\nmod tests {{\n{sleep}"))),
            sleeps(&rs(&format!("#[cfg(test)]\nmod tests;\n{sleep}"))),
        ),
        (
            "expect",
            unreasoned(&rs("#[expect(\n  dead_code\n)]")),
            unreasoned(&rs("#[expect(dead_code, reason = \"why\")]")),
        ),
        (
            "targets",
            unmentioned(&targets("run: ## x\n"), "make runs"),
            unmentioned(&targets("run: ## x\n"), "`make run`"),
        ),
        (
            "links",
            dead_links(&md("[a](gone.md#b)"), |_| false),
            dead_links(&md("[a](b.md) [c](#d)"), |path| path == Path::new("docs/b.md")),
        ),
        ("outside", outside(&md(concat!("see ..", "/shared/x"))), outside(&md("see ../README.md"))),
    ];
    for (rule, wrong, right) in rows {
        assert_eq!(wrong.len(), 1, "`{rule}` must find one thing in its first sample: {wrong:?}");
        assert!(right.is_empty(), "`{rule}` must find nothing in its second: {right:?}");
    }
}
