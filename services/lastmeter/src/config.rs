//! What `serve` is told: its command line first, then one TOML file, then what is usual.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use api::HookKind;
use domain::ids::CommunityId;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::cli::{Cluster, LogFormat, Serve, TlsChoice};

/// What `serve` works with; it may hold a password, and is not shown.
pub(crate) struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Whose certificate is shown; `None` is plain HTTP.
    pub tls: Option<TlsChoice>,
    pub log_format: LogFormat,
    pub closed_kept: SignedDuration,
    pub graphiql: bool,
    pub webhooks_allow_private: bool,
    pub webhooks: Vec<ConfiguredWebhook>,
    pub communities: Vec<PathBuf>,
    /// The cluster's URL and how it is signed in to; `None` is the embedded log.
    pub event_log: Option<(String, Cluster)>,
    pub keys: Option<PathBuf>,
    pub kurrent_listen: Option<SocketAddr>,
    pub kurrent_write: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    tls: Option<String>,
    log_format: Option<LogFormat>,
    closed_kept_hours: Option<u16>,
    #[serde(default)]
    graphiql: bool,
    #[serde(default)]
    webhooks_allow_private: bool,
    #[serde(default)]
    webhooks: Vec<ConfiguredWebhook>,
    #[serde(default)]
    communities: Vec<PathBuf>,
    event_log: Option<String>,
    event_log_user: Option<String>,
    event_log_password_file: Option<PathBuf>,
    event_log_ca_file: Option<PathBuf>,
    event_log_prefix: Option<String>,
    keys: Option<PathBuf>,
    kurrent_listen: Option<SocketAddr>,
    #[serde(default)]
    kurrent_write: bool,
}

/// A webhook that is set at every start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfiguredWebhook {
    /// The community whose pieces it hears of.
    pub community: CommunityId,
    /// Its id; a UUID, the same at every start.
    pub id: uuid::Uuid,
    /// Where its messages go.
    pub url: String,
    /// What it hears of.
    pub kinds: BTreeSet<HookKind>,
    /// What they are signed with.
    pub secret: String,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The TLS choice is none.
    #[error("`tls` in the configuration is not right: {0}")]
    Tls(&'static str),
    /// What is closed today must still be known.
    #[error(
        "`closed_kept_hours` in the configuration is {hours}: {} is the least",
        api::CLOSED_KEPT_MIN.as_hours()
    )]
    ClosedKept {
        /// What it is.
        hours: u16,
    },
    /// The file is no configuration.
    #[error("the configuration {} is not right", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
}

impl Config {
    /// Puts the options together.
    pub(crate) fn of(options: Serve) -> Result<Self, ConfigError> {
        let file = options.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let mut communities = file.communities;
        communities.extend(options.community);
        let cluster = options.cluster;
        let prefix = Some(cluster.event_log_prefix).filter(|prefix| !prefix.is_empty());
        let cluster = Cluster {
            event_log_user: cluster.event_log_user.or(file.event_log_user),
            event_log_password_file: cluster
                .event_log_password_file
                .or(file.event_log_password_file),
            event_log_ca_file: cluster.event_log_ca_file.or(file.event_log_ca_file),
            event_log_prefix: prefix.or(file.event_log_prefix).unwrap_or_default(),
        };
        let event_log = options.event_log.or(file.event_log).map(|url| (url, cluster));
        let tls = file.tls.map(|text| text.parse().map_err(ConfigError::Tls)).transpose()?;
        let closed_kept = match options.closed_kept_hours.or(file.closed_kept_hours) {
            Some(hours) => {
                let kept = SignedDuration::from_hours(i64::from(hours));
                if kept < api::CLOSED_KEPT_MIN {
                    return Err(ConfigError::ClosedKept { hours });
                }
                kept
            }
            None => api::CLOSED_KEPT,
        };
        let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
        Ok(Self {
            data: options.data.or(file.data).unwrap_or_else(|| "data".into()),
            listen: options.listen.or(file.listen).unwrap_or(usual),
            tls: options.tls.or(tls),
            log_format: options.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            closed_kept,
            webhooks: file.webhooks,
            webhooks_allow_private: options.webhooks_allow_private || file.webhooks_allow_private,
            graphiql: options.graphiql || file.graphiql,
            communities,
            event_log,
            keys: options.keys.or(file.keys),
            kurrent_listen: options.kurrent_listen.or(file.kurrent_listen),
            kurrent_write: options.kurrent_write || file.kurrent_write,
        })
    }
}

fn read(path: &Path) -> Result<Written, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Shape { path: path.to_owned(), source })
}
