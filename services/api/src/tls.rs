//! HTTPS: connections over TLS and plain ones on the same port.
//!
//! Phones need HTTPS for their cameras and for working offline. Whoever comes in the clear from
//! another machine is sent to HTTPS, except for the certificate authority, which must be had before
//! it can be trusted. From this machine itself plain HTTP is taken, as it was.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::serve::{IncomingStream, Listener};
use runtime::Problem;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::problem::ProblemResponse;

/// How long a client may take to begin, and then for its handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// The most handshakes that go on at once; who comes then waits in the system's queue.
const HANDSHAKES_MAX: usize = 256;
/// How long to wait when the system gives no connection, such as when there are too many files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// The first byte of a TLS connection: the handshake's record type (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;
/// Where the certificate authority is explained.
pub const AUTHORITY_PATH: &str = "/ca";
/// Where it is.
const AUTHORITY_FILE: &str = "/ca.crt";

/// What is needed for HTTPS.
#[derive(Clone)]
pub struct Tls {
    /// Which certificate is shown, and how it is spoken.
    pub config: Arc<ServerConfig>,
    /// The certificate authority of our own that devices are to trust, when there is one.
    pub authority: Option<Authority>,
}

/// A certificate authority to install on phones.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its certificate, in DER: what phones take.
    pub der: Vec<u8>,
    /// The digest by which people compare it, in hexadecimal.
    pub fingerprint: String,
    /// Where a phone finds this page, for the QR code.
    pub url: String,
    /// Where the screens are, once it is installed.
    pub screens: String,
}

/// A connection, whichever it is.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Who is at the other end, and whether nobody in between can listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub address: SocketAddr,
    pub secure: bool,
}

/// Takes connections and shakes hands with many at once.
pub(crate) struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(Box<dyn Duplex>, Peer)>,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    pub(crate) fn over(listener: TcpListener, config: Arc<ServerConfig>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (ready_to, ready) = mpsc::channel(HANDSHAKES_MAX);
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(config), ready_to));
        Ok(Self { address, ready, accepting })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = Box<dyn Duplex>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Peer) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // Nobody takes connections any more; the server is about to stop.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.address, secure: true })
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        *stream.remote_addr()
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(Box<dyn Duplex>, Peer)>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, shake(stream, address, acceptor));
            match shaken.await {
                // When nobody waits for it any more, the server has stopped.
                Ok(Ok(connection)) => drop(ready.send(connection).await),
                Ok(Err(error)) => tracing::debug!(%error, %address, "no handshake"),
                Err(_) => tracing::debug!(%address, "a handshake took too long"),
            }
            drop(place);
        });
    }
}

async fn shake(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
) -> io::Result<(Box<dyn Duplex>, Peer)> {
    // Small answers must not wait for the next packet.
    stream.set_nodelay(true)?;
    let mut first = [0];
    let secure = stream.peek(&mut first).await? == 1 && first == [HANDSHAKE_RECORD];
    let peer = Peer { address, secure };
    if secure {
        Ok((Box::new(acceptor.accept(stream).await?), peer))
    } else {
        Ok((Box::new(stream), peer))
    }
}

/// Lets through what comes over TLS or from this machine, and sends the rest there.
pub(crate) async fn only_over_tls(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
    let Some(peer) = peer else { return next.run(request).await };
    // What asks for the address of the other end finds it as it does without TLS.
    request.extensions_mut().insert(ConnectInfo(peer.address));
    let path = request.uri().path();
    let open = peer.secure
        || peer.address.ip().to_canonical().is_loopback()
        || [AUTHORITY_PATH, AUTHORITY_FILE].contains(&path);
    if open {
        return next.run(request).await;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match host {
        Some(host) => {
            let rest = request.uri().path_and_query().map_or("/", |rest| rest.as_str());
            Redirect::permanent(&format!("https://{host}{rest}")).into_response()
        }
        None => ProblemResponse(Problem::invalid(
            "https-only",
            "other machines speak HTTPS with this engine: write https:// before its address",
            "其他设备须用 HTTPS 访问：请在地址前写 https://",
        ))
        .into_response(),
    }
}

/// The pages of the certificate authority, where there is one.
pub(crate) fn routes(authority: Option<Authority>) -> Router {
    let Some(authority) = authority else { return Router::new() };
    let der = authority.der.clone();
    let file = move || async move {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-x509-ca-cert")),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment; filename=\"lastmeter-ca.crt\""),
            ),
        ];
        (headers, der)
    };
    let page = move || async move { page(&authority) };
    Router::new().route(AUTHORITY_PATH, get(page)).route(AUTHORITY_FILE, get(file))
}

fn page(authority: &Authority) -> Response {
    let Ok(qr) = labels::Qr::of(&authority.url) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let text = include_str!("tls/authority.html")
        .replace("{{qr}}", &qr.svg())
        .replace("{{url}}", &authority.url)
        .replace("{{screens}}", &authority.screens)
        .replace("{{fingerprint}}", &authority.fingerprint);
    let mut page = Html(text).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'self'; img-src 'self'");
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::middleware;
    use tower::ServiceExt;

    fn authority() -> Authority {
        Authority {
            der: b"certificate".to_vec(),
            fingerprint: "ab12".to_owned(),
            url: "http://192.168.1.20:8443/ca".to_owned(),
            screens: "https://192.168.1.20:8443/".to_owned(),
        }
    }

    async fn ask(path: &str, from: &str, secure: bool, host: Option<&str>) -> Response {
        let app = Router::new()
            .route(
                "/livez",
                get(|ConnectInfo(at): ConnectInfo<SocketAddr>| async move { at.to_string() }),
            )
            .merge(routes(Some(authority())))
            .layer(middleware::from_fn(only_over_tls));
        let mut request = Request::builder().uri(path);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let address = from.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(Peer { address, secure }));
        app.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn another_machine_is_sent_to_https_and_this_one_is_not() {
        let (phone, here) = ("192.168.1.30:5000", "127.0.0.1:5000");
        let sent = ask("/livez?x=1", phone, false, Some("box:8443")).await;
        assert_eq!(sent.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(sent.headers()[header::LOCATION], "https://box:8443/livez?x=1");
        assert_eq!(ask("/livez", phone, false, None).await.status(), StatusCode::BAD_REQUEST);
        for (from, secure) in [(phone, true), (here, false), ("[::ffff:127.0.0.1]:5000", false)] {
            let answered = ask("/livez", from, secure, Some("box")).await;
            assert_eq!(answered.status(), StatusCode::OK, "{from}");
        }
    }

    #[tokio::test]
    async fn the_authority_is_had_before_it_is_trusted() {
        let phone = "192.168.1.30:5000";
        let file = ask(AUTHORITY_FILE, phone, false, Some("box")).await;
        assert_eq!(file.headers()[header::CONTENT_TYPE], "application/x-x509-ca-cert");
        let bytes = axum::body::to_bytes(file.into_body(), 1_000).await.unwrap();
        assert_eq!(bytes, authority().der);
        let page = ask(AUTHORITY_PATH, phone, false, Some("box")).await;
        let bytes = axum::body::to_bytes(page.into_body(), 100_000).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains("<svg") && text.contains("ab12") && !text.contains("{{"), "{text}");
    }
}
