//! HTTPS of this machine: a certificate authority of its own, or a certificate that was given.
//!
//! The authority is made once and lies in the data folder. It can vouch for the addresses of local
//! nets alone (RFC 5280, section 4.2.1.10), so that a stolen key forges no site of the internet.
//! The machine's certificate is made anew at every start, and whenever its addresses change.

mod own;

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) use self::own::{Own, addresses, can_vouch_for};
use crate::Failure;
use crate::cli::TlsChoice;
use crate::terminal::remark;

/// HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A given file is no certificate or key.
    #[error("{} is no PEM file of a {what}: {problem}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The certificate and the key do not belong together, or are of a kind that nobody speaks.
    #[error("the certificate and its key cannot be used together")]
    Pair(#[source] rustls::Error),
    /// A certificate cannot be made.
    #[error("the certificate cannot be made; move {} away and start again", folder.display())]
    Make {
        /// Where the authority lies.
        folder: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
}

/// Whose certificate is shown, and where our own authority lies.
pub struct TlsSource {
    pub(crate) choice: TlsChoice,
    pub(crate) folder: PathBuf,
}

impl TlsSource {
    /// What is needed to serve on this address; with our own authority, it is told how to install
    /// it. Call it within the runtime: our own certificate is kept up to date there.
    pub(crate) fn open(&self, address: SocketAddr) -> Result<api::Tls, Failure> {
        match &self.choice {
            TlsChoice::Given { certificate, key } => {
                Ok(api::Tls { config: given(certificate, key)?, authority: None })
            }
            TlsChoice::Own => {
                let own = Own::open(&self.folder)?;
                let host = reached_at(address.ip(), &addresses());
                let (host, port) = (shown(host), address.port());
                let authority = api::Authority {
                    der: own.certificate().to_vec(),
                    fingerprint: own.fingerprint(),
                    url: format!("http://{host}:{port}{}", api::AUTHORITY_PATH),
                    screens: format!("https://{host}:{port}/"),
                };
                introduce(&authority);
                let config = config(own.keep_current()?)?;
                Ok(api::Tls { config, authority: Some(authority) })
            }
        }
    }
}

impl TlsSource {
    /// What is needed to serve clients of KurrentDB's protocol with the same certificate.
    pub(crate) fn of_face(&self) -> Result<Arc<ServerConfig>, Failure> {
        let config = match &self.choice {
            TlsChoice::Given { certificate, key } => given(certificate, key)?,
            TlsChoice::Own => config(Own::open(&self.folder)?.keep_current()?)?,
        };
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Says on the terminal how phones come to trust this machine.
fn introduce(authority: &api::Authority) {
    if let Ok(qr) = labels::Qr::of(&authority.url) {
        for line in qr.lines() {
            remark(&line);
        }
    }
    remark(&format!(
        "Let phones trust this machine, once / 手机首次使用请先安装证书: {}",
        authority.url
    ));
    remark(&format!("Fingerprint / 指纹: {}", authority.fingerprint));
    remark(&format!("Screens / 页面: {}", authority.screens));
}

/// Reads a given certificate and its key.
pub(crate) fn given(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
    };
    let pem = |path: &Path, what, problem: String| {
        let path = path.to_owned();
        TlsError::Pem { path, what, problem }
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
    let chain = chain.map_err(|error| pem(certificate, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(pem(certificate, "certificate", "it holds none".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|error| pem(key, "private key", error.to_string()))?;
    let config = builder()?.with_single_cert(chain, private).map_err(TlsError::Pair)?;
    Ok(over_http(config))
}

fn config(certificate: Arc<own::Current>) -> Result<Arc<ServerConfig>, TlsError> {
    Ok(over_http(builder()?.with_cert_resolver(certificate)))
}

fn builder()
-> Result<rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?;
    Ok(builder.with_no_client_auth())
}

fn over_http(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// The address at which a phone of the local net most likely reaches this machine.
pub(crate) fn reached_at(listening: IpAddr, addresses: &[IpAddr]) -> IpAddr {
    if !listening.is_unspecified() {
        return listening;
    }
    let of_local_net = |address: &&IpAddr| !address.is_loopback() && address.is_ipv4();
    addresses.iter().find(of_local_net).copied().unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
