//! The way to the cluster, which may be lost and found again.

use std::{
    fmt::{self, Write as _},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use eventstore::{Client, ClientSettings, Error};
use tokio::time::Instant;

use super::remote;
use crate::LogError;

/// The first wait before something is tried again; each later one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(20);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A text that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How a cluster is reached.
#[derive(Debug, Clone)]
pub struct Config {
    /// `esdb://` or `kurrentdb://` and what follows; as it may hold a password, a secret.
    pub connection_string: Secret,
    /// Who to sign in as, when the connection string does not say.
    pub user: Option<(String, Secret)>,
    /// The certificate authority of the cluster, when it is not one of the system's.
    pub ca_file: Option<PathBuf>,
    /// What every stream's name begins with; several logs can share a cluster so. It has no `-`,
    /// which would change the categories of streams.
    pub prefix: String,
    /// How long the first connection may take.
    pub connect_max: Duration,
}

/// A configuration that reaches nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not a connection string.
    #[error("this is no connection string of an event log: esdb://host:2113?tls=true")]
    NoConnectionString,
    /// A prefix that names no streams.
    #[error("the prefix {prefix:?} must not begin with `$` and must not contain `-`")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
}

impl Config {
    /// The usual configuration for a connection string.
    pub fn new(connection_string: impl Into<String>) -> Self {
        Self {
            connection_string: Secret::new(connection_string),
            user: None,
            ca_file: None,
            prefix: String::new(),
            connect_max: Duration::from_secs(30),
        }
    }

    /// Puts everything into the one string that the client reads.
    fn settings(&self) -> Result<ClientSettings, ConfigError> {
        let text = &self.connection_string.0;
        let (scheme, rest) = text.split_once("://").ok_or(ConfigError::NoConnectionString)?;
        if self.prefix.starts_with('$') || self.prefix.contains('-') {
            return Err(ConfigError::Prefix { prefix: self.prefix.clone() });
        }
        let mut whole = format!("{scheme}://");
        if let Some((user, password)) = &self.user
            && !rest.contains('@')
        {
            whole += &[&escape(user), ":", &escape(&password.0), "@"].concat();
        }
        whole += rest;
        if let Some(file) = &self.ca_file {
            whole.push(if whole.contains('?') { '&' } else { '?' });
            whole += "tlsCaFile=";
            whole += &escape(&file.to_string_lossy());
        }
        whole.parse().map_err(|_| ConfigError::NoConnectionString)
    }
}

/// Writes a text so that it means nothing in a URL.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(escaped, "%{byte:02X}").unwrap_or_default();
        }
    }
    escaped
}

/// A client that is made anew when it has died.
pub(super) struct Connection {
    settings: ClientSettings,
    client: Mutex<Made>,
}

struct Made {
    client: Client,
    /// How many were made before; who saw an older one die has seen nothing of this one.
    generation: u64,
}

/// A client to call once.
pub(super) struct Lease {
    pub client: Client,
    generation: u64,
}

impl Connection {
    /// Connects; a client whose first connection failed is dead for good, so that each attempt
    /// has its own.
    pub async fn open(config: Config) -> Result<Self, LogError> {
        let failed = |error: ConfigError| LogError::Remote(Box::new(error));
        let settings = config.settings().map_err(failed)?;
        let client = make(&settings)?;
        let connection = Self { settings, client: Mutex::new(Made { client, generation: 0 }) };
        let begun = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            let lease = connection.lease();
            match connection.noted(&lease, lease.client.server_info().await) {
                Ok(info) => {
                    tracing::info!(version = %info.version(), "connected to the event log");
                    return Ok(connection);
                }
                Err(error) if begun.elapsed() >= config.connect_max => return Err(remote(error)),
                Err(error) => {
                    tracing::warn!(%error, "the event log's server does not answer yet");
                    backoff.wait().await;
                }
            }
        }
    }

    /// The client of the moment. What a call on it ended with must be [noted](Self::noted).
    pub fn lease(&self) -> Lease {
        let made = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        Lease { client: made.client.clone(), generation: made.generation }
    }

    /// Replaces a client that has died.
    pub fn noted<T>(&self, lease: &Lease, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::ConnectionClosed | Error::GrpcConnectionError(_)) = result {
            self.replace(lease.generation);
        }
        result
    }

    fn replace(&self, generation: u64) {
        let mut made = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if made.generation == generation
            && let Ok(client) = make(&self.settings)
        {
            *made = Made { client, generation: generation + 1 };
        }
    }
}

fn make(settings: &ClientSettings) -> Result<Client, LogError> {
    Client::new(settings.clone()).map_err(|report| LogError::Remote(report.into()))
}

/// Longer and longer waits.
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: WAIT_FIRST }
    }
}

impl Backoff {
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(WAIT_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let mut config = Config::new("esdb://admin:hush@host:1");
        config.user = Some(("admin".to_owned(), Secret::new("hush")));
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn user_and_certificate_find_their_way() {
        let mut config = Config::new("esdb://one:1,two:2,three:3?tls=true");
        config.user = Some(("ad min".to_owned(), Secret::new("a@b/c?d")));
        config.ca_file = Some(PathBuf::from("/etc/ca & co.pem"));
        let settings = config.settings().unwrap();
        assert_eq!(settings.hosts().len(), 3);
        assert!(settings.is_secure_mode_enabled());
        assert_eq!(settings.tls_ca_file().map(String::as_str), Some("/etc/ca & co.pem"));
        let user = format!("{:?}", settings.default_authenticated_user());
        assert!(user.contains("ad") && user.contains("min"), "{user}");
    }

    #[test]
    fn what_reaches_nothing_is_refused() {
        assert!(Config::new("somewhere").settings().is_err());
        assert!(Config::new("http://host").settings().is_err());
        for prefix in ["$a.", "a-b."] {
            let config = Config { prefix: prefix.to_owned(), ..Config::new("esdb://host") };
            assert!(matches!(config.settings(), Err(ConfigError::Prefix { .. })));
        }
    }
}
