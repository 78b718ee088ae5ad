//! The demonstration tenant.

use std::fs;

use serde_json::Value;

use crate::harness::World;

#[test]
fn demo_loads_once_and_issues_new_keys_each_time() {
    let world = World::new();
    let first = world.json(&["demo", "--json"]);
    let second = world.json(&["demo", "--json"]);
    let text = |printed: &Value, member: &str| printed[member].as_str().unwrap().to_owned();
    assert_eq!(text(&first, "masterTenantId"), "00000000-0000-0000-0000-000000000001");
    assert!(text(&first, "masterApiKey").starts_with("lk_live_"));
    assert!(second.get("masterTenantId").is_none() && second.get("masterApiKey").is_none());
    for member in ["tenantId", "sampleUserId", "samplePermission"] {
        assert_eq!(first[member], second[member], "{member}");
    }
    for member in ["adminKey", "serviceKey"] {
        assert_ne!(text(&first, member), text(&second, member), "{member}");
    }
    let rows = world.run(&["check"]).stdout;
    for line in [
        "165179  RolePermissions",
        "165179  PermissionRoles",
        "13790  Permissions",
        "2461  Roles",
        "300  Users",
        "40  Groups",
        "5  ApiKeys",
    ] {
        assert!(rows.lines().any(|row| row.trim_start() == line), "`{line}` is not in:\n{rows}");
    }

    let batch: Value =
        serde_json::from_slice(&fs::read(world.data().join("demo-batch.json")).unwrap()).unwrap();
    assert_eq!(batch["user_id"], first["sampleUserId"]);
    assert_eq!(batch["checks"].as_array().unwrap().len(), 1_000);
    assert_eq!(batch["checks"][0], first["samplePermission"]);

    let shown = world.run(&["demo"]);
    let lines: Vec<_> = shown.stdout.lines().filter(|line| line.starts_with("curl ")).collect();
    let paths = ["/api-keys/validate'", "/check-permission'", "/batch-check-permissions'"];
    assert_eq!(lines.len(), paths.len(), "{}", shown.stdout);
    for (line, path) in lines.iter().zip(paths) {
        assert!(line.contains(path) && line.contains("http://127.0.0.1:8080/"), "{line}");
    }
    assert!(shown.stderr.contains("0 rows loaded"), "{}", shown.stderr);
}
