//! What `serve` is told: its command line first, then one TOML file, then what is usual.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::{LogFormat, Serve};

/// What `serve` works with.
#[derive(Debug)]
pub(crate) struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub log_format: LogFormat,
    pub communities: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    log_format: Option<LogFormat>,
    #[serde(default)]
    communities: Vec<PathBuf>,
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
        let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
        Ok(Self {
            data: options.data.or(file.data).unwrap_or_else(|| "data".into()),
            listen: options.listen.or(file.listen).unwrap_or(usual),
            log_format: options.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            communities,
        })
    }
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Shape { path: path.to_owned(), source })
}
