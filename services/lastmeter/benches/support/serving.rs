//! Servers as processes of their own, and the least client that can ask them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use event_log::SqliteLog;
use event_log::sqlite::Options;
use lastmeter::serve::{Served, Source};
use runtime::clock::SystemClock;
use runtime::community_file;
use runtime::photos::Photos;
use runtime::vault::Vault;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{COMMUNITY, Failure};

/// The longest answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A server in a process of its own, which ends with it, and its folder with both.
pub struct Server {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it keeps its files.
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts this program again, told what it is and where to keep its files; the server prints its
/// address.
pub fn start(name: &str) -> Result<Server, Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut server = Command::new(std::env::current_exe()?);
    let mut child = server.arg(name).arg(folder.path()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(Server { address: line.trim().parse()?, child, _folder: folder })
}

/// The folder that this process was told to keep its files in.
pub fn folder() -> Result<PathBuf, Failure> {
    Ok(std::env::args().nth(2).ok_or("no folder was named")?.into())
}

/// Reads one answer with a length; gives how many bytes of the buffer it is.
pub async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize, Failure> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err("the server closed the connection".into());
        }
        filled += read;
        let text = &buffer[..filled];
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(&text[..end])?.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).ok_or("no length")?;
            let length: usize = length.split("\r\n").next().unwrap_or_default().parse()?;
            if filled >= end + 4 + length {
                return Ok(filled);
            }
        }
    }
}

/// Serves the real engine on a new log.
pub async fn serve_engine() -> Result<(), Failure> {
    let folder = folder()?;
    let log = SqliteLog::open(&folder.join("events.db"), Options::default())?;
    let source = Source {
        log: Arc::new(log),
        vault: Arc::new(Vault::open(&folder.join("keys.db"))?),
        clock: Arc::new(SystemClock),
        snapshots: None,
        closed_kept: api::CLOSED_KEPT,
        graphql: api::GraphqlSettings::default(),
        webhooks: api::WebhookSettings::default(),
        photos: Arc::new(Photos::open(&folder.join("photos.db"))?),
    };
    let served = Served::start(source, SocketAddr::from(([127, 0, 0, 1], 0)), None).await?;
    let (id, commands) = community_file::read(COMMUNITY)?;
    let loaded = community_file::load(&served.engine, &id, &"bench".parse()?, commands).await;
    loaded.map_err(|problem| problem.english)?;
    println!("{}", served.address);
    std::future::pending::<()>().await;
    Ok(())
}
