//! Real clients from npm, `graphql-ws` and `graphql-sse`, against the real program.

use std::{env, process::Command};

use tests::{Connection, Serving, TempDir, workspace_root};

use crate::api::door::{COMMUNITY, COMMUNITY_FILE};

#[tokio::test]
async fn real_clients_follow_drop_and_go_on_without_missing_anything() {
    let clients = workspace_root().join("tests/clients");
    if !clients.join("node_modules/graphql-ws").is_dir() {
        let how = "npm ci --prefix tests/clients (with Node 20 or newer)";
        let is_ci = env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "ci");
        assert!(!is_ci, "the clients are not installed: {how}");
        println!("SKIPPED: the clients from npm are not installed. To get them: {how}");
        return;
    }
    let folder = TempDir::new().unwrap();
    let serving = Serving::start(folder.path()).unwrap();
    let mut connection = Connection::open(serving.address()).await.unwrap();
    let path = "/api/v1/communities?actor=desk";
    let loaded = connection.post(path, "application/toml", COMMUNITY_FILE.as_bytes()).await;
    assert_eq!(loaded.unwrap().status, 200);
    let script = clients.join("follow.mjs");
    let base = format!("http://{}", serving.address());
    let run = move || Command::new("node").arg(script).args([&base, COMMUNITY]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (said, wrong) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}");
    assert_eq!(said.trim(), r#"{"socket":40,"stream":40}"#);
}
