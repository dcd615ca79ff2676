//! HTTPS of the real program: its own authority, a given certificate, and what doctor says of it.

use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};

use event_log::{
    EventLog,
    kurrent::{Config, KurrentLog},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tests::{Serving, TempDir, engine_binary};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

fn serve(data: &Path, tls: &str) -> Serving {
    let mut command = Command::new(engine_binary().unwrap());
    command.arg("serve").arg("--data").arg(data).args(["--tls", tls]);
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).env("RUST_LOG", "info");
    Serving::spawn(command).unwrap()
}

const QUESTION: &[u8] = b"GET /livez HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n";

/// Asks over TLS as a phone does that trusts these authorities.
async fn ask(address: SocketAddr, trusted: &[u8], name: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(QUESTION).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn ask_plainly(address: SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let question = format!("GET {path} HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_phone_that_installed_our_authority_reaches_the_screens_and_no_other_does() {
    let data = TempDir::new().unwrap();
    let mut engine = serve(data.path(), "self");
    let authority = fs::read(data.path().join("tls/ca.pem")).unwrap();
    let answer = ask(engine.address(), &authority, "127.0.0.1").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = ask(engine.address(), &authority, "localhost").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let other = TempDir::new().unwrap();
    drop(serve(other.path(), "self"));
    let stranger = fs::read(other.path().join("tls/ca.pem")).unwrap();
    let refused = ask(engine.address(), &stranger, "127.0.0.1").await.unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    let elsewhere = ask(engine.address(), &authority, "bank.example").await.unwrap_err();
    assert!(elsewhere.to_string().contains("not valid for name"), "{elsewhere}");

    // The certificate of the authority is had in the clear, on the same port.
    let der = CertificateDer::from_pem_slice(&authority).unwrap();
    let file = ask_plainly(engine.address(), "/ca.crt").await;
    assert!(file.ends_with(&der), "the file is the authority's certificate");

    // The next start has the same authority, so nobody installs it again.
    engine.end().unwrap();
    let engine = serve(data.path(), "self");
    assert_eq!(fs::read(data.path().join("tls/ca.pem")).unwrap(), authority);
    ask(engine.address(), &authority, "127.0.0.1").await.unwrap();
    let key = fs::metadata(data.path().join("tls/ca.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let data = TempDir::new().unwrap();
    let engine = serve(data.path(), "self");
    let authority = fs::read(data.path().join("tls/ca.pem")).unwrap();
    let mut silent = vec![];
    for _ in 0..50 {
        silent.push(TcpStream::connect(engine.address()).await.unwrap());
    }
    let answer = ask(engine.address(), &authority, "127.0.0.1").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(silent);
}

#[test]
fn a_certificate_that_is_none_is_told_before_anything_is_served() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("not.pem");
    fs::write(&file, "not a certificate").unwrap();
    let mut command = Command::new(engine_binary().unwrap());
    command.arg("serve").arg("--data").arg(data.path()).args(["--listen", "127.0.0.1:0"]);
    let pair = format!("{},{}", file.display(), file.display());
    let output = command.args(["--tls", &pair]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("not.pem is no PEM file of a certificate"), "{said}");
}

#[test]
fn doctor_says_what_is_missing_and_what_to_do() {
    let data = TempDir::new().unwrap();
    let doctor = |words: &[&str]| {
        let mut command = Command::new(engine_binary().unwrap());
        let output = command.arg("doctor").arg("--data").arg(data.path()).args(words).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (_, said) = doctor(&["--listen", "127.0.0.1:0"]);
    assert!(said.contains("disk sync") && said.contains("--tls self"), "{said}");
    let (well, said) = doctor(&["--listen", "0.0.0.0:0"]);
    assert!(!well, "phones' cameras need HTTPS: {said}");
    assert!(said.contains("✗ HTTPS: 未启用"), "{said}");
    let (_, said) = doctor(&["--listen", "0.0.0.0:0", "--tls", "self"]);
    assert!(!said.contains("✗ HTTPS: 未启用"), "{said}");
    fs::write(data.path().join("events.db"), "").unwrap();
    let (well, said) = doctor(&["--listen", "127.0.0.1:0"]);
    assert!(!well && said.contains("restore keys.db"), "{said}");
    let left: Vec<_> =
        fs::read_dir(data.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left, ["events.db"], "it leaves nothing behind");
    fs::write(data.path().join("keys.db"), "no keys").unwrap();
    let (well, said) = doctor(&["--listen", "127.0.0.1:0"]);
    assert!(!well && said.contains("cannot be read"), "{said}");
}

/// The official client, over TLS with the authority's file, as `serve --event-log` uses it; and the
/// same certificate on the engine's own face.
#[tokio::test(flavor = "multi_thread")]
async fn the_face_shows_the_certificate_too_and_the_adapter_trusts_its_authority_alone() {
    let (data, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut command = Command::new(engine_binary().unwrap());
    command.arg("serve").arg("--data").arg(data.path()).args(["--tls", "self"]);
    command.args(["--listen", "127.0.0.1:0", "--kurrent-listen", "127.0.0.1:0"]);
    command.args(["--log-format", "json"]).env("RUST_LOG", "info");
    let engine = Serving::spawn(command).unwrap();
    let face = engine.address_in("serving the log over KurrentDB's protocol").unwrap();
    let config = |scheme: &str, authority: &Path| Config {
        ca_file: Some(authority.join("tls/ca.pem")),
        connect_max: Duration::from_secs(1),
        ..Config::new(format!("esdb://{face}?tls={scheme}"))
    };
    let log = KurrentLog::connect(config("true", data.path())).await.unwrap();
    assert_eq!(log.head().await.unwrap(), None);

    drop(serve(other.path(), "self"));
    for refused in [config("true", other.path()), config("false", data.path())] {
        assert!(KurrentLog::connect(refused).await.is_err());
    }
}
