//! An engine that serves: its address is read from its own log lines, so no port is guessed and no
//! start is waited for by the clock.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    ops::{Deref, DerefMut},
    path::Path,
    process::Command,
    thread,
};

use serde_json::Value;

use crate::{Engine, HarnessError, engine_binary};

/// The message of the log line that tells the address.
pub const SERVING: &str = "serving";

/// An engine that serves on an address. Dropping it kills it.
#[derive(Debug)]
pub struct Serving {
    engine: Engine,
    address: SocketAddr,
    said: String,
}

impl Serving {
    /// Serves a data folder with the real program, on a port that the system chooses.
    ///
    /// # Errors
    /// When it does not build or does not come to serve; with what it said.
    pub fn start(data: &Path) -> Result<Self, HarnessError> {
        let mut command = Command::new(engine_binary()?);
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.env("RUST_LOG", "info");
        Self::spawn(command)
    }

    /// Starts a program that tells its address as the engine does: in a JSON log line on standard
    /// error, with the message [`SERVING`] and the field `address`.
    ///
    /// # Errors
    /// When it does not start or ends before it serves.
    pub fn spawn(command: Command) -> Result<Self, HarnessError> {
        let mut engine = Engine::spawn(command)?;
        let child = engine.child();
        // Nobody reads it, and a full pipe would stop the program.
        if let Some(mut out) = child.stdout.take() {
            thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        }
        let mut said = String::new();
        let Some(err) = child.stderr.take() else { return Err(HarnessError::NotServing { said }) };
        let mut lines = BufReader::new(err).lines();
        for line in lines.by_ref() {
            let line = line?;
            if let Some(address) = address(&line, SERVING) {
                thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return Ok(Self { engine, address, said });
            }
            said.push_str(&line);
            said.push('\n');
        }
        Err(HarnessError::NotServing { said })
    }

    /// The address that it serves on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address in the log line with this message, of those before it served.
    pub fn address_in(&self, message: &str) -> Option<SocketAddr> {
        self.said.lines().find_map(|line| address(line, message))
    }
}

impl Deref for Serving {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl DerefMut for Serving {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

fn address(line: &str, message: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = &line["fields"];
    let serves = fields["message"] == message;
    fields["address"].as_str().filter(|_| serves)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_that_says_so() {
        let line = r#"{"fields":{"message":"serving","address":"127.0.0.1:81"}}"#;
        assert_eq!(address(line, SERVING).unwrap().port(), 81);
        assert_eq!(address(&line.replace("serving", "stopping"), SERVING), None);
        assert_eq!(address("thread panicked", SERVING), None);
    }

    #[test]
    fn a_program_that_ends_is_told_with_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no luck >&2"]);
        let error = Serving::spawn(command).unwrap_err();
        assert!(error.to_string().contains("no luck"), "{error}");
    }
}
