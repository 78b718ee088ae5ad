//! Requests are well-formed, and wrong first answers are refused.

use super::*;

fn demo() -> Demo {
    serde_json::from_value(json!({
        "tenantId": "t-1", "adminKey": "a", "serviceKey": "s-1", "sampleUserId": "u-1",
        "samplePermission": { "resource": "compute.instances", "action": "get" },
        "masterTenantId": "m", "masterApiKey": "k",
    }))
    .unwrap()
}

fn check_request(scenario: &Scenario, path: &str, body: &Value) {
    let text = std::str::from_utf8(&scenario.request).unwrap();
    let (head, sent) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some(format!("POST {path} HTTP/1.1").as_str()));
    for header in ["X-API-Key: s-1", "x-tenantid: t-1", "Content-Type: application/json"] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    assert!(head.contains(&format!("Content-Length: {}", sent.len())), "{head}");
    assert_eq!(serde_json::from_str::<Value>(sent).unwrap(), *body);
}

#[test]
fn requests_are_those_of_the_contract() {
    let question = Question { resource: "compute.instances".to_owned(), action: "get".to_owned() };
    let asked = json!({ "resource": "compute.instances", "action": "get" });
    let body = json!({ "apiKey": "s-1" });
    check_request(&validate(&demo()), "/api/v1/api-keys/validate", &body);
    let body = json!({ "user_id": "u-1", "resource": "compute.instances", "action": "get" });
    check_request(&check(&demo()), "/api/v1/tenants/t-1/integration/check-permission", &body);
    let body = json!({ "user_id": "u-1", "checks": [asked.clone(), asked] });
    let path = "/api/v1/tenants/t-1/integration/batch-check-permissions";
    check_request(&batch(&demo(), &[question.clone(), question]), path, &body);
}

fn check_first(kind: Kind, body: &str, complaint: Option<&str>) {
    match (kind.expect(body.as_bytes()), complaint) {
        (Ok(_), None) => {}
        (Err(found), Some(complaint)) => assert!(found.contains(complaint), "{found}"),
        (Ok(_), Some(complaint)) => panic!("{body} was taken, not refused: {complaint}"),
        (Err(found), None) => panic!("{body} was refused: {found}"),
    }
}

#[test]
fn first_answers_are_read_whole() {
    let batch = Kind::Batch { checks: 2 };
    check_first(Kind::Validate, r#"{"data":{"valid":true}}"#, None);
    check_first(Kind::Validate, r#"{"data":{"valid":false}}"#, Some("0 times, not 1"));
    check_first(Kind::Check, r#"{"data":{"allowed":true}}"#, None);
    check_first(Kind::Check, r#"{"data":{"allowed":false}}"#, Some("0 times, not 1"));
    check_first(batch, r#"{"data":{"results":[{"allowed":true},{"allowed":false}]}}"#, None);
    check_first(batch, r#"{"data":{"results":[{"allowed":true}]}}"#, Some("1 results"));
    check_first(batch, r#"{"data":{"results":[{"allowed":true},{}]}}"#, Some("without `allowed`"));
    check_first(batch, r#"{"data":{}}"#, Some("no `data.results`"));
    let failed = r#"{"data":{"results":[{"allowed":true},{"allowed":false,"error":"x"}]}}"#;
    check_first(batch, failed, Some("or errors"));
}

#[test]
fn later_batches_must_allow_as_many() {
    let first = r#"{"data":{"results":[{"allowed":true},{"allowed":false}]}}"#;
    let expected = Kind::Batch { checks: 2 }.expect(first.as_bytes()).unwrap_or_default();
    assert!(expected.verify(200, first.as_bytes()).is_ok());
    assert!(expected.verify(200, first.replace("false", "true").as_bytes()).is_err());
}
