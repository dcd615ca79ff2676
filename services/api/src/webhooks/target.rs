//! Whom a hook calls: an address outside the house, looked up anew for every call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::http::uri::Scheme;
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use runtime::Problem;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The longest address.
const URL_BYTES_MAX: usize = 2_048;
/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a call may take altogether.
pub(super) const CALL_MAX: Duration = Duration::from_secs(15);

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The name leads into the house, or to nobody.
    #[error("{0} is not outside the house, so it is not called")]
    Inside(String),
    /// Nobody has this name.
    #[error("{0} has no address")]
    Nowhere(String),
    /// The connection cannot be had, or breaks off.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// It took too long.
    #[error("no answer within {} seconds", CALL_MAX.as_secs())]
    TooLong,
    /// It answered otherwise than "taken"; a redirect is not followed.
    #[error("it answered {0}")]
    Status(StatusCode),
}

/// Whom a hook calls.
#[derive(Debug, Clone)]
pub(super) struct Target {
    uri: Uri,
    host: String,
    port: u16,
    is_secure: bool,
    allow_private: bool,
}

/// How TLS is spoken; `None` where the library knows no version of it.
static TLS: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
});

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// One that is no `https://` address outside the house.
    pub(super) fn read(url: &str, allow_private: bool) -> Result<Self, Problem> {
        let uri: Uri = url.parse().map_err(|_| no_address())?;
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        let is_plain = uri.scheme() == Some(&Scheme::HTTP);
        let authority = uri.authority().ok_or_else(no_address)?;
        let has_sign_in = authority.as_str().contains('@');
        let speaks = is_secure || (is_plain && allow_private);
        if url.len() > URL_BYTES_MAX || !speaks || has_sign_in {
            return Err(no_address());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        if let Ok(address) = host.parse::<IpAddr>()
            && !allow_private
            && !is_outside(address)
        {
            return Err(inside());
        }
        Ok(Self { uri, host, port, is_secure, allow_private })
    }

    /// Sends a body with headers.
    ///
    /// # Errors
    /// [`CallError`]; anything but a status of success.
    pub(super) async fn call(
        &self,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<(), CallError> {
        match timeout(CALL_MAX, self.send(headers, body)).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(CallError::Status(status)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CallError::TooLong),
        }
    }

    async fn send(&self, headers: &[(&str, &str)], body: Bytes) -> Result<StatusCode, CallError> {
        let address = self.look_up().await?;
        // The very address that was looked at is called: a second look-up might say another.
        let stream = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| CallError::TooLong)?.map_err(broken)?;
        if !self.is_secure {
            return self.speak(stream, headers, body).await;
        }
        let name = ServerName::try_from(self.host.clone()).map_err(broken)?;
        let config = TLS.as_ref().ok_or_else(|| broken("this machine speaks no TLS"))?;
        let tls = TlsConnector::from(Arc::clone(config));
        let stream = timeout(CONNECT_MAX, tls.connect(name, stream)).await;
        let stream = stream.map_err(|_| CallError::TooLong)?.map_err(broken)?;
        self.speak(stream, headers, body).await
    }

    /// The first address of the name, if every one of them lies outside the house.
    async fn look_up(&self) -> Result<SocketAddr, CallError> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<_> = found.map_err(|_| CallError::Nowhere(self.host.clone()))?.collect();
        if !self.allow_private && found.iter().any(|address| !is_outside(address.ip())) {
            return Err(CallError::Inside(self.host.clone()));
        }
        found.first().copied().ok_or_else(|| CallError::Nowhere(self.host.clone()))
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<StatusCode, CallError> {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let host = match (self.is_secure, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        };
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "lastmeter");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(broken)?;
        let answered = sender.send_request(request).await.map_err(broken);
        // What it says beside its status is nobody's business here.
        connection.abort();
        answered.map(|answer| answer.status())
    }
}

fn broken(error: impl std::fmt::Display) -> CallError {
    CallError::Connection(error.to_string())
}

/// Whether an address lies outside the house: not here, not near, not for many.
fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation();
    // RFC 6890: this network, shared space of providers, protocol assignments, 6to4 relays,
    // benchmarks, reserved.
    let assigned = a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !special && !assigned
}

fn is_outside_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // An IPv4 address in another coat: mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_outside_v4(embedded(high, low))
        }
        [0x2002, high, low, ..] => is_outside_v4(embedded(high, low)),
        // Documentation, Teredo and other assignments of protocols.
        [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        [0x2001, second, ..] if second < 0x200 => false,
        // What is routed all over the world lies in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn no_address() -> Problem {
    Problem::invalid(
        "webhook-url-invalid",
        "a webhook is called at `https://host/path`: give such an address, without a password",
        "webhook 地址须形如 `https://主机/路径`，不得包含密码：请修正",
    )
}

fn inside() -> Problem {
    Problem::invalid(
        "webhook-url-inside",
        "this address lies inside the house: give one outside, or start with \
         --webhooks-allow-private",
        "该地址位于内网：请改用外部地址，或以 --webhooks-allow-private 启动",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_outside_is_called() {
        let inside = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
            "fec0::1",
        ];
        for address in inside {
            assert!(!is_outside(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_outside(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_says_whom_and_how() {
        let wrong = [
            "",
            "x",
            "ftp://a.example/",
            "http://a.example/",
            "https://",
            "/path",
            "https://user:pass@a.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
        ];
        for url in wrong {
            assert!(Target::read(url, false).is_err(), "{url}");
        }
        let target = Target::read("https://a.example/x?y", false).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("a.example", 443));
        let target = Target::read("http://[::1]:8080/", true).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("::1", 8080));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_house_is_not_called() {
        let target = Target::read("https://localhost:1/", false).unwrap();
        let called = target.call(&[], Bytes::new()).await;
        assert!(matches!(called, Err(CallError::Inside(_))), "{called:?}");
    }
}
