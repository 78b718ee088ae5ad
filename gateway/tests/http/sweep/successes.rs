//! Every endpoint once as it is meant to be called: the sweep's requests are right but for the
//! one thing that each of its cases changes.

use serde_json::{Value, json};

use super::client::Ask;
use super::rows::{Row, rows};
use super::scene::{Home, Scene};
use crate::completeness::golden;

#[tokio::test]
async fn every_endpoint_answers_as_its_document_says() {
    let scene = Scene::new().await;
    for row in scene.rows() {
        succeed(&scene, row, "a right request", |ask| ask).await;
    }
    scene.end();
}

#[tokio::test]
async fn a_body_where_none_is_taken_does_no_harm() {
    let scene = Scene::new().await;
    for row in scene.rows().filter(|row| scene.document.body(*row).is_none()) {
        for body in ["{", "\u{0}", "{\"a\":1,\"a\":2}"] {
            succeed(&scene, row, "a body nobody wants", |ask| ask.body(body)).await;
        }
    }
    scene.end();
}

/// Makes a request that is right, changes it, and insists on success.
async fn succeed(scene: &Scene, row: Row, what: &str, change: impl FnOnce(Ask) -> Ask) {
    let home = home(scene, row).await;
    prepare(scene, row, &home).await;
    let mut ask = change(scene.right(row, &home));
    if row.0.path.ends_with("{id}/restore") {
        // The tenant's own keys are refused while it is deleted.
        ask = ask.with("x-api-key", scene.world.master_key.clone());
    }
    let reply = scene.ask(row, what, &ask).await;
    if !(200..300).contains(&reply.status) {
        scene.fault(row, what, &reply, "refused");
    }
}

#[tokio::test]
async fn what_cannot_be_swept_becomes_less() {
    let scene = Scene::new().await;
    let obstacles = rows().filter_map(|row| Some((row.name(), scene.obstacle(row)?)));
    let obstacles: Vec<_> = obstacles.collect();
    let names = obstacles.iter().map(|(name, _)| name.clone());
    golden::only_shrinks("unswept.txt", &names.collect(), &format!("{obstacles:#?}"));
}

/// A tenant for what ends tenants; for all else fresh objects in the tenant.
async fn home(scene: &Scene, row: Row) -> Home {
    match row.0.noun == "tenants" && row.is_by_path() {
        true => scene.another().await,
        false => scene.fresh().await,
    }
}

/// Makes what the request is about to undo.
async fn prepare(scene: &Scene, row: Row, home: &Home) {
    let path = row.path(|parameter| home.id(parameter));
    let call = |method, path: String, body: Option<Value>| async move {
        scene.world.call(method, &path, Some(&home.admin), None, body).await.is(204)
    };
    if let Some(object) = path.strip_suffix("/restore") {
        call("DELETE", object.to_owned(), None).await;
    }
    let links = row.parameters().count() == 3;
    if let (true, Some((list, id))) = (links, path.rsplit_once('/')) {
        let member = match list.rsplit('/').next() {
            Some("roles") => "role_id",
            Some("groups") => "group_id",
            Some("permissions") => "permission_id",
            Some("members") => "user_id",
            other => panic!("{other:?} is no list of links"),
        };
        call("POST", list.to_owned(), Some(json!({ member: id }))).await;
    }
}
