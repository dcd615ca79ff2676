//! Just enough of an HTTP client: one connection that is kept open, one question at a time.
//!
//! It is this short because a killed engine must be seen as what it is, a connection that breaks
//! off, and not as something that a library tries again.

use std::{io, net::SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The most lines that the head of an answer may have.
const HEAD_LINES_MAX: usize = 100;
/// The longest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An open connection to an engine.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

/// What the engine answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// What the system says.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), address })
    }

    /// Asks for a resource.
    ///
    /// # Errors
    /// When the connection breaks off or the answer is no HTTP.
    pub async fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.ask("GET", path, "application/json", b"").await
    }

    /// Posts a body.
    ///
    /// # Errors
    /// When the connection breaks off or the answer is no HTTP.
    pub async fn post(&mut self, path: &str, media: &str, body: &[u8]) -> io::Result<Reply> {
        self.ask("POST", path, media, body).await
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        media: &str,
        body: &[u8],
    ) -> io::Result<Reply> {
        let (address, length) = (self.address, body.len());
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {media}\r\n\
             content-length: {length}\r\n\r\n"
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        self.stream.write_all(&bytes).await?;
        self.read_reply().await
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        let first = self.read_line().await?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| no_http(&first))?;
        let mut length = 0;
        for _ in 0..HEAD_LINES_MAX {
            let line = self.read_line().await?;
            if line.is_empty() {
                let mut body = vec![0; length];
                self.stream.read_exact(&mut body).await?;
                return Ok(Reply { status, body });
            }
            let (name, value) = line.split_once(':').ok_or_else(|| no_http(&line))?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| no_http(&line))?;
                if length > BODY_BYTES_MAX {
                    return Err(no_http(&line));
                }
            }
        }
        Err(no_http("a head without an end"))
    }

    async fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Reply {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn no_http(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("this is no HTTP: {line}"))
}
