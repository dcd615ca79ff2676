//! Our own certificate authority, and the certificate of this machine.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber, date_time_ymd,
};
use runtime::clock::{Clock, SystemClock};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::TlsError;

/// The folder below the data folder.
const FOLDER: &str = "tls";
/// The authority's certificate, for people and devices.
const CERTIFICATE: &str = "ca.pem";
/// The authority's key, for its owner alone.
const KEY: &str = "ca.key";
/// How long the authority lasts: phones keep it for as long.
const AUTHORITY_LASTS: Duration = Duration::from_hours(24 * 3_650);
/// How long a certificate lasts: no more than phones take (Apple: 825 days).
const CERTIFICATE_LASTS: Duration = Duration::from_hours(24 * 397);
/// How long before its end it is made anew.
const RENEWED_BEFORE: Duration = Duration::from_hours(24 * 60);
/// How far a phone's clock may be behind.
const BEGINS_BEFORE: Duration = Duration::from_hours(24);
/// How often this machine's addresses are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_mins(1);
/// The name that every machine has for itself.
const LOCALHOST: &str = "localhost";

/// Our own certificate authority.
pub(crate) struct Own {
    folder: PathBuf,
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

impl Own {
    /// The authority of a data folder, made when there is none.
    pub(crate) fn open(data: &Path) -> Result<Self, TlsError> {
        let folder = data.join(FOLDER);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::File { path, source }
        };
        let (key_file, file) = (folder.join(KEY), folder.join(CERTIFICATE));
        let make = |source| TlsError::Make { folder: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let key = match fs::read_to_string(&key_file) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(make)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate().map_err(make)?;
                write_new(&key_file, &key.serialize_pem(), 0o600).map_err(at(&key_file))?;
                key
            }
            Err(error) => return Err(at(&key_file)(error)),
        };
        if !file.exists() {
            let certificate = authority(&key, now()).self_signed(&key).map_err(make)?;
            write_new(&file, &certificate.pem(), 0o644).map_err(at(&file))?;
        }
        let pem = fs::read(&file).map_err(at(&file))?;
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|error| {
            let (path, problem) = (file.clone(), error.to_string());
            TlsError::Pem { path, what: "certificate", problem }
        })?;
        Ok(Self { folder, key, certificate })
    }

    /// Whether a data folder has one.
    pub(crate) fn is_made(data: &Path) -> bool {
        data.join(FOLDER).join(CERTIFICATE).exists()
    }

    /// Its certificate, in DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A digest of it that people compare: 16 bytes, in groups.
    pub(crate) fn fingerprint(&self) -> String {
        let hash = blake3::hash(&self.certificate).to_hex();
        let groups: Vec<_> = (0..8).map(|at| &hash[at * 4..at * 4 + 4]).collect();
        groups.join(" ")
    }

    /// A certificate of this machine that follows its addresses for as long as the runtime lives.
    pub(crate) fn keep_current(self) -> Result<Arc<Current>, TlsError> {
        let names = Names::of_this_machine();
        let key = self.issue(&names, now())?;
        let current = Arc::new(Current(RwLock::new(Arc::new(key))));
        let kept = Arc::clone(&current);
        tokio::spawn(async move { self.renew(&kept, names).await });
        Ok(current)
    }

    async fn renew(self, current: &Current, mut names: Names) {
        let lasts = CERTIFICATE_LASTS.saturating_sub(RENEWED_BEFORE);
        let mut issued = now();
        loop {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
            let (there, at) = (Names::of_this_machine(), now());
            if there == names && at < issued.saturating_add(lasts.as_secs()) {
                continue;
            }
            match self.issue(&there, at) {
                Ok(key) => {
                    tracing::info!(addresses = ?there.addresses, "a new certificate");
                    *current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                    (names, issued) = (there, at);
                }
                Err(error) => tracing::warn!(%error, "no new certificate could be made"),
            }
        }
    }

    /// Makes a certificate for these names at this time, in seconds since 1970.
    fn issue(&self, names: &Names, at: u64) -> Result<CertifiedKey, TlsError> {
        let make = |source| TlsError::Make { folder: self.folder.clone(), source };
        let mut params = CertificateParams::default();
        params.distinguished_name = named("Lastmeter");
        params.subject_alt_names = names.alternatives().map_err(make)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(1970, 1, 1)
            + Duration::from_secs(at.saturating_sub(BEGINS_BEFORE.as_secs()));
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(at) + CERTIFICATE_LASTS;
        let key = KeyPair::generate().map_err(make)?;
        let issuer = Issuer::new(authority(&self.key, at), &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(make)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = ring::sign::any_supported_type(&private).map_err(TlsError::Pair)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], signing))
    }
}

/// The certificate that is shown now.
#[derive(Debug)]
pub(crate) struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What this machine is called.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    addresses: BTreeSet<IpAddr>,
    hosts: BTreeSet<String>,
}

impl Names {
    fn of_this_machine() -> Self {
        let addresses = addresses().into_iter().filter(|one| can_vouch_for(*one)).collect();
        let mut hosts = BTreeSet::from([LOCALHOST.to_owned()]);
        // What other machines of the local net find by multicast DNS.
        hosts.extend(host().map(|host| format!("{host}.local")));
        Self { addresses, hosts }
    }

    fn alternatives(&self) -> Result<Vec<SanType>, rcgen::Error> {
        let hosts = self.hosts.iter().map(|host| Ok(SanType::DnsName(host.as_str().try_into()?)));
        let addresses = self.addresses.iter().map(|address| Ok(SanType::IpAddress(*address)));
        hosts.chain(addresses).collect()
    }
}

/// This machine's addresses, its own loopback included, in a steady order.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|one| one.ip());
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let all: BTreeSet<_> = found.chain(loopback).collect();
    all.into_iter().collect()
}

/// Whether an address is one of a local net, for which alone our authority can vouch.
pub(crate) fn can_vouch_for(address: IpAddr) -> bool {
    LOCAL_NETS.iter().any(|(net, prefix)| match (net.parse(), address) {
        (Ok(IpAddr::V4(net)), IpAddr::V4(address)) => {
            let shift = 32 - u32::from(*prefix);
            u32::from(net) >> shift == u32::from(address) >> shift
        }
        (Ok(IpAddr::V6(net)), IpAddr::V6(address)) => {
            let shift = 128 - u32::from(*prefix);
            u128::from(net) >> shift == u128::from(address) >> shift
        }
        (_, _) => false,
    })
}

/// The nets that are never on the internet: RFC 1918, 6598, 3927, 1122, 4193 and 4291.
const LOCAL_NETS: [(&str, u8); 8] = [
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("100.64.0.0", 10),
    ("169.254.0.0", 16),
    ("127.0.0.0", 8),
    ("fc00::", 7),
    ("::1", 128),
];

/// The authority, as it was made and as it signs: its name follows from its key.
fn authority(key: &KeyPair, at: u64) -> CertificateParams {
    let digest = blake3::hash(key.public_key_raw()).to_hex();
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("Lastmeter {}", &digest[..8]));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from_slice(&[1]));
    params.not_before =
        date_time_ymd(1970, 1, 1) + Duration::from_secs(at.saturating_sub(BEGINS_BEFORE.as_secs()));
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(at) + AUTHORITY_LASTS;
    let nets = LOCAL_NETS.iter().filter_map(|(net, prefix)| {
        let address: IpAddr = net.parse().ok()?;
        Some(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, *prefix)))
    });
    let hosts = [LOCALHOST, "local"].map(|host| GeneralSubtree::DnsName(host.to_owned()));
    let permitted_subtrees = nets.chain(hosts).collect();
    let excluded_subtrees = vec![];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees });
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// The name of this machine, as far as it can stand in a certificate.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().split('.').next()?.to_ascii_lowercase();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !name.is_empty()).then_some(name)
}

fn now() -> u64 {
    u64::try_from(SystemClock.now().as_second()).unwrap_or_default()
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
