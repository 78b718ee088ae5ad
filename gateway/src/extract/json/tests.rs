//! Tables of bodies and the faults they have.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{BodyFault, FieldFault, Free, FreeValue, Problem, check, parse};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Body {
    name: String,
    #[serde(default)]
    rate_limit: Option<Limit>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    metadata: Free,
    #[serde(default)]
    extra: FreeValue,
    #[serde(default)]
    counts: BTreeMap<u8, i64>,
    #[serde(default)]
    pair: Option<(u8, f64)>,
    #[serde(default)]
    shape: Option<Shape>,
    #[serde(default)]
    tagged: Option<Tagged>,
    #[serde(default)]
    either: Option<Either>,
    #[serde(default)]
    even: Option<Even>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limit {
    #[serde(alias = "rpm")]
    requests_per_minute: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Check {
    action: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Point,
    Circle(u8),
    Square { side: u8 },
    Line(u8, u8),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Tagged {
    User { id: u64 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "expected a number or a list of names")]
enum Either {
    Number(i64),
    Names(Vec<String>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "u64")]
struct Even(u64);

impl TryFrom<u64> for Even {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err(format!("`{number}` is odd")) }
    }
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Patch {
    name: Option<String>,
}

fn field_fault(body: &str) -> FieldFault {
    match parse::<Body>(body.as_bytes()) {
        Err(BodyFault::Schema(mut faults)) if faults.len() == 1 => faults.remove(0),
        other => panic!("{body}: {other:?}"),
    }
}

fn syntax(body: &[u8]) -> (usize, usize, String) {
    let fault = parse::<Body>(body).expect_err("malformed");
    assert_eq!(check(body), Err(fault.clone()), "both doors agree");
    match fault {
        BodyFault::Syntax { line, column, problem } => (line, column, problem),
        other => panic!("{}: {other:?}", String::from_utf8_lossy(body)),
    }
}

#[test]
fn reads_what_fits() {
    let body = br#" {"name":"a\u00e9\ud83d\ude00","rateLimit":{"rpm":60},"checks":[{"action":"x"}],
        "metadata":{"a":{"b":[1,-2,2.5,true,null,"c"]}},"extra":[1],"counts":{"7":-1},
        "pair":[1,2],"shape":{"square":{"side":2}},"tagged":{"type":"user","id":1},
        "either":["n"],"even":4} "#;
    let fast: Body = parse(body).expect("fits");
    let slow: Body = super::explain(body).expect("fits the slow reading too");
    assert_eq!(fast, slow);
    assert_eq!(fast.name, "aé😀");
    assert_eq!(fast.metadata.text(), r#"{"a":{"b":[1,-2,2.5,true,null,"c"]}}"#);
    assert_eq!(serde_json::to_string(&fast.metadata).expect("writes"), fast.metadata.text());
}

#[test]
fn shapes_of_every_kind_fit_both_readings() {
    for shape in [r#""point""#, r#"{"point":null}"#, r#"{"circle":1}"#, r#"{"line":[1,2]}"#] {
        let body = format!(r#"{{"name":"","shape":{shape},"either":3}}"#);
        let fast: Body = parse(body.as_bytes()).expect("fits");
        assert_eq!(fast, super::explain(body.as_bytes()).expect("fits"), "{body}");
    }
}

#[test]
fn schema_faults() {
    let invalid = |text: &str| Problem::Invalid(text.to_owned());
    let wrong = |expected: &str, found| Problem::WrongType { expected: expected.into(), found };
    let rpm = || Problem::Unknown { expected: vec!["requestsPerMinute", "rpm"] };
    let range = "is out of range, expected an integer from 0 to";
    let rows = [
        ("{}", "name", Problem::Missing),
        ("[]", "", wrong("an object", "an array")),
        ("null", "", wrong("an object", "null")),
        (r#"{"name":5}"#, "name", wrong("a string", "an integer")),
        (r#"{"name":null}"#, "name", wrong("a string", "null")),
        (r#"{"name":1.5}"#, "name", wrong("a string", "a decimal number")),
        (r#"{"rateLimit":{}}"#, "rateLimit.requestsPerMinute", Problem::Missing),
        (r#"{"rateLimit":{"a":1}}"#, "rateLimit.a", rpm()),
        (r#"{"rateLimit":{"a.b":1}}"#, r#"rateLimit["a.b"]"#, rpm()),
        (r#"{"rateLimit":true}"#, "rateLimit", wrong("an object", "a boolean")),
        (r#"{"rateLimit":{"rpm":1.0}}"#, "rateLimit.rpm", wrong("an integer", "a decimal number")),
        (
            r#"{"rateLimit":{"rpm":-1}}"#,
            "rateLimit.rpm",
            invalid(&format!("`-1` {range} {}", u32::MAX)),
        ),
        (
            r#"{"rateLimit":{"rpm":1,"requestsPerMinute":1}}"#,
            "rateLimit.requestsPerMinute",
            invalid("this member is given under two names, keep one"),
        ),
        (
            r#"{"checks":[{"action":"a"},{"action":[]}]}"#,
            "checks[1].action",
            wrong("a string", "an array"),
        ),
        (r#"{"checks":{}}"#, "checks", wrong("an array", "an object")),
        (r#"{"metadata":[]}"#, "metadata", wrong("an object", "an array")),
        (
            r#"{"metadata":{"a":[1e999]}}"#,
            "metadata.a[0]",
            invalid("`1e999` is out of range, expected a number that a 64-bit float can hold"),
        ),
        (r#"{"counts":{"x":1}}"#, "counts.x", wrong("an integer", "a string")),
        (r#"{"counts":{"300":1}}"#, "counts.300", invalid(&format!("`300` {range} 255"))),
        (r#"{"counts":{"1":"a"}}"#, "counts.1", wrong("an integer", "a string")),
        (r#"{"pair":[1,2,3]}"#, "pair", invalid("expected an array of 2 items, found more")),
        (r#"{"pair":[1,"a"]}"#, "pair[1]", wrong("a number", "a string")),
        (
            r#"{"shape":"oval"}"#,
            "shape",
            invalid("`oval` is not known, expected one of `point`, `circle`, `square`, `line`"),
        ),
        (r#"{"shape":"circle"}"#, "shape", wrong("an object with one member", "a string")),
        (r#"{"shape":{}}"#, "shape", wrong("an object with exactly one member", "an object")),
        (r#"{"shape":{"square":{}}}"#, "shape.square.side", Problem::Missing),
        (r#"{"tagged":{"type":"user"}}"#, "tagged.id", Problem::Missing),
        (r#"{"tagged":{}}"#, "tagged.type", Problem::Missing),
        (
            r#"{"tagged":{"type":"user","id":1,"x":1}}"#,
            "tagged.x",
            Problem::Unknown { expected: vec!["id"] },
        ),
        (r#"{"either":{}}"#, "either", invalid("expected a number or a list of names")),
        (r#"{"even":3}"#, "even", invalid("`3` is odd")),
    ];
    for (body, path, problem) in rows {
        let expected = FieldFault { path: path.to_owned(), problem };
        assert_eq!(field_fault(body), expected, "{body}");
    }
}

#[test]
fn syntax_faults() {
    let rows: [(&[u8], usize, usize, &str); 27] = [
        (b"{", 1, 2, "the body ends here, expected a member name in double quotes"),
        (b"{\"a\":", 1, 6, "the body ends here, expected a JSON value"),
        (b"{\n  \"\xc3\xa9\": x}", 2, 8, "found `x`, expected a JSON value"),
        (b"{\"a\":1,}", 1, 8, "found `}`, expected a member name in double quotes"),
        (b"{'a':1}", 1, 2, "found `'`, expected a member name in double quotes"),
        (b"{\"a\" 1}", 1, 6, "found `1`, expected `:` after member `a`"),
        (b"{\"a\":1 \"b\"}", 1, 8, "found `\"`, expected `,` or `}`"),
        (b"[1 2]", 1, 4, "found `2`, expected `,` or `]`"),
        (b"[1,]", 1, 4, "found `]`, expected a JSON value"),
        (b"[01]", 1, 3, "found `1`, expected `,` or `]`"),
        (b"[-]", 1, 3, "found `]`, expected a digit"),
        (b"[1.]", 1, 4, "found `]`, expected a digit"),
        (b"[1e+]", 1, 5, "found `]`, expected a digit"),
        (b"[.5]", 1, 2, "found `.`, expected a JSON value"),
        (b"NaN", 1, 1, "found `N`, expected a JSON value"),
        (b"nul", 1, 1, "found `n`, expected `true`, `false` or `null`"),
        (b"{} {}", 1, 4, "found `{`, expected the end of the body"),
        (b"\"a", 1, 3, "the body ends here, expected the closing quote of a string"),
        (b"\"\n\"", 1, 2, "control character in a string, write it as `\\u000a`"),
        (b"\"\\x\"", 1, 3, "found `x`, expected one of `\"\\/bfnrtu` after a backslash"),
        (b"\"\\u12g4\"", 1, 6, "found `g`, expected a hexadecimal digit"),
        (b"\"\\ud800\"", 1, 3, "half of a surrogate pair, write both halves or neither"),
        (b"\"\\udc00\"", 1, 3, "half of a surrogate pair, write both halves or neither"),
        (b"\"\\ud800\\u0041\"", 1, 3, "half of a surrogate pair, write both halves or neither"),
        (b"{\"name\":\"\xff\"}", 1, 10, "this byte is not valid UTF-8"),
        (b"\xef\xbb\xbf{}", 1, 1, "found a byte order mark, expected a JSON value"),
        (b"// a", 1, 1, "found `/`, expected a JSON value"),
    ];
    for (body, line, column, problem) in rows {
        assert_eq!(syntax(body), (line, column, problem.to_owned()), "{body:?}");
    }
}

#[test]
fn repeated_members_are_syntax_and_named() {
    let rows = [
        (r#"{"name":"a","name":"b"}"#, "name"),
        (r#"{"name":"a","n\u0061me":"b"}"#, "name"),
        (r#"{"name":"a","metadata":{"a":1,"a":2}}"#, "metadata.a"),
        (r#"{"name":"a","extra":[0,{"b":{"c d":1,"c d":1}}]}"#, r#"extra[1].b["c d"]"#),
        (r#"{"name":5,"metadata":{"":1,"":1}}"#, r#"metadata[""]"#),
    ];
    for (body, path) in rows {
        let (_, _, problem) = syntax(body.as_bytes());
        assert_eq!(problem, format!("member `{path}` appears twice, keep one"), "{body}");
    }
}

#[test]
fn a_repetition_among_many_members_is_found() {
    for (count, again) in [(15, 3), (16, 0), (17, 16), (5_000, 4_999)] {
        let members = (0..count).map(|n| format!("\"m{n}\":{n},")).collect::<Vec<_>>().concat();
        let body = format!("{{{members}\"m{again}\":0}}");
        assert!(syntax(body.as_bytes()).2.contains(&format!("`m{again}`")), "{count}");
        assert_eq!(check(format!("{{{members}\"last\":0}}").as_bytes()), Ok(()), "{count}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |levels| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert_eq!(check(nested(64).as_bytes()), Ok(()));
        assert!(parse::<FreeValue>(nested(64).as_bytes()).is_ok());
        for levels in [65, 127, 1_000_000] {
            let body = nested(levels);
            let fault = parse::<FreeValue>(body.as_bytes()).expect_err("too deep");
            assert!(fault.to_string().contains("deeper than 64 levels"), "{fault}");
            assert_eq!(check(body.as_bytes()), Err(fault));
        }
    }
}

#[test]
fn free_values_refuse_without_the_scanner() {
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    for text in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"b":1}]}"#, &format!("{{\"a\":{deep}}}")] {
        assert!(serde_json::from_str::<Free>(text).is_err(), "{text}");
        assert!(serde_json::from_str::<FreeValue>(text).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<FreeValue>(&deep).is_err());
    assert!(serde_json::from_str::<Free>("[]").is_err());
}

#[test]
fn free_schemas_say_what_is_taken() {
    let free = serde_json::to_value(schemars::schema_for!(Free)).expect("a schema");
    assert_eq!(free["type"], "object");
    let any = schemars::SchemaGenerator::default().subschema_for::<FreeValue>();
    assert_eq!(any.as_value(), &Value::Bool(true));
}

#[test]
fn empty_bodies() {
    for body in [&b""[..], b" \t\r\n"] {
        assert_eq!(parse::<Body>(body), Err(BodyFault::Empty));
        assert_eq!(check(body), Err(BodyFault::Empty));
    }
}

#[test]
fn an_array_is_no_struct_even_without_required_members() {
    assert!(serde_json::from_str::<Patch>("[]").is_ok(), "serde alone takes it");
    let fault = parse::<Patch>(b" []").expect_err("an array");
    assert_eq!(
        fault.to_string(),
        "the request body does not fit: expected an object, found an array"
    );
    assert_eq!(parse::<Patch>(b"{}"), Ok(Patch::default()));
    for nested in [r#"{"name":"a","rateLimit":[7]}"#, r#"{"name":"a","checks":[["x"]]}"#] {
        assert!(serde_json::from_str::<Body>(nested).is_ok(), "serde alone takes it");
        assert!(field_fault(nested).to_string().contains("expected an object, found an array"));
    }
    assert_eq!(parse::<Vec<u8>>(b"[1]"), Ok(vec![1]));
}

#[test]
fn messages_cut_the_callers_input() {
    let long = "é\n".repeat(5_000);
    let name = serde_json::to_string(&long).expect("a string");
    for body in [format!("{{{name}:1}}"), format!("{{{name}:1,{name}:1}}")] {
        let message = parse::<Body>(body.as_bytes()).expect_err("unknown or twice").to_string();
        assert!(message.chars().count() < 400, "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    let shape = format!(r#"{{"shape":{name}}}"#);
    assert!(field_fault(&shape).to_string().contains("…` is not known, expected one of"));
}

#[test]
fn display_says_where_and_what_to_do() {
    let message = |body: &str| parse::<Body>(body.as_bytes()).expect_err("faulty").to_string();
    let fits = "the request body does not fit: ";
    assert_eq!(message("{}"), format!("{fits}`name`: this member is required, add it"));
    assert_eq!(
        message("[1"),
        "malformed JSON at line 1, column 3: the body ends here, expected `,` or `]`"
    );
    assert_eq!(
        message(r#"{"rateLimit":{"x":1}}"#),
        format!(
            "{fits}`rateLimit.x`: this member is not known, expected one of `requestsPerMinute`, `rpm`"
        )
    );
}
