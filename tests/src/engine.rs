//! The engine as a program of its own: built, found, started and always stopped.

use std::{
    env, io,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use cargo_metadata::Message;

use crate::{HarnessError, workspace_root};

/// Builds the program `lastmeter` in this test's own profile and returns its path. Builds once in a
/// process; later calls, and other processes, find it fresh.
///
/// # Errors
/// When it does not build.
pub fn engine_binary() -> Result<PathBuf, HarnessError> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = BUILT.get() {
        return Ok(path.clone());
    }
    let path = build()?;
    Ok(BUILT.get_or_init(|| path).clone())
}

/// A running `lastmeter`. Dropping it kills it with SIGKILL, so that no test leaves one behind and
/// none waits for a good end that it did not ask for.
#[derive(Debug)]
pub struct Engine {
    child: Child,
}

impl Engine {
    /// Starts `lastmeter` with these words, with its output piped for the test to read.
    ///
    /// # Errors
    /// When it does not build or does not start.
    pub fn start<W: AsRef<std::ffi::OsStr>>(
        words: impl IntoIterator<Item = W>,
    ) -> Result<Self, HarnessError> {
        let mut command = Command::new(engine_binary()?);
        command.args(words);
        Self::spawn(command)
    }

    /// Starts any program in the engine's place, with its output piped for the test to read.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn(mut command: Command) -> Result<Self, HarnessError> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => Ok(Self { child }),
            Err(source) => {
                let program = command.get_program().into();
                Err(HarnessError::NotStarted { program, source })
            }
        }
    }

    /// The process, to read its output or ask for its id.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        // The standard library sends no signal but SIGKILL; the system's own tool does.
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to kill.
        drop(self.kill());
    }
}

fn build() -> Result<PathBuf, HarnessError> {
    let cargo = PathBuf::from(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let mut command = Command::new(&cargo);
    command.args(["build", "--package", "lastmeter", "--message-format=json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(workspace_root()).stderr(Stdio::inherit());
    let output =
        command.output().map_err(|source| HarnessError::NotStarted { program: cargo, source })?;
    if !output.status.success() {
        let command = "cargo build --package lastmeter".to_owned();
        return Err(HarnessError::Failed { command, status: output.status });
    }
    let mut found = None;
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == "lastmeter"
            && let Some(executable) = artifact.executable
        {
            found = Some(executable.into_std_path_buf());
        }
    }
    found.ok_or(HarnessError::NoBinary)
}
