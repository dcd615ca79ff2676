//! Runs other programs from the root of the workspace, saying first what it runs.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use thiserror::Error;

/// Why a chore stopped. Each message says what to do next.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The workspace was not found.
    #[error("the workspace was not found: run `cargo xtask` inside a checkout of Lastmeter")]
    NoWorkspace,
    /// A program could not be started at all.
    #[error("`{program}` could not be started ({source}): install it, or put it on the PATH")]
    NotStarted {
        /// The program's name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed; its own output, above, says why.
    #[error("{step} failed ({status}): {advice}\n       the command was: {words}")]
    Failed {
        /// The step, as a noun phrase.
        step: &'static str,
        /// How the program ended.
        status: ExitStatus,
        /// What to do about it.
        advice: &'static str,
        /// The command line.
        words: String,
    },
    /// A tool that a chore needs is missing.
    #[error("{tool} is not installed: run `{install}`, then try again")]
    MissingTool {
        /// The tool's name.
        tool: &'static str,
        /// The command that installs it.
        install: &'static str,
    },
    /// A hunt's test is not in this checkout.
    #[error(
        "this checkout has no test `{name}`: hunts.rs of the chores names it, tests/suite holds it"
    )]
    NoSuchTest {
        /// The test's full name.
        name: &'static str,
    },
    /// A path given on the command line cannot be used.
    #[error("{path:?} cannot be used as a folder ({source}): give another one")]
    BadPath {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The workspace, as the place where commands run.
#[derive(Debug)]
pub struct House {
    root: PathBuf,
}

/// One command of a chore.
#[derive(Debug)]
pub struct Step {
    name: &'static str,
    advice: &'static str,
    command: Command,
}

impl House {
    /// Finds the workspace that the caller stands in.
    ///
    /// # Errors
    /// When there is none.
    pub fn locate() -> Result<Self, TaskError> {
        let words = ["locate-project", "--workspace", "--message-format", "plain"];
        let output = Command::new(cargo())
            .args(words)
            .output()
            .map_err(|source| TaskError::NotStarted { program: "cargo".to_owned(), source })?;
        let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
        match manifest.parent() {
            Some(root) if output.status.success() => Ok(Self { root: root.to_owned() }),
            Some(_) | None => Err(TaskError::NoWorkspace),
        }
    }

    /// Prepares one cargo command; `name` is a noun phrase, `advice` what to do when it fails.
    pub fn cargo<W: AsRef<OsStr>>(
        &self,
        name: &'static str,
        advice: &'static str,
        words: impl IntoIterator<Item = W>,
    ) -> Step {
        let mut command = Command::new(cargo());
        command.args(words).current_dir(&self.root);
        Step { name, advice, command }
    }

    /// Prepares one command of another program, in a folder below the root.
    pub fn program<W: AsRef<OsStr>>(
        &self,
        name: &'static str,
        advice: &'static str,
        (program, folder): (&str, &str),
        words: impl IntoIterator<Item = W>,
    ) -> Step {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.root.join(folder));
        Step { name, advice, command }
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Tells whether a cargo subcommand is installed.
    pub fn has_cargo_tool(&self, subcommand: &str) -> bool {
        Command::new(cargo())
            .args([subcommand, "--version"])
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Step {
    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the command and waits for it.
    ///
    /// # Errors
    /// When it cannot be started, and when it fails.
    pub fn run(mut self) -> Result<(), TaskError> {
        say(&format!("\n==> {}: {}", self.name, self.words()));
        let status = self.command.status().map_err(|source| self.not_started(source))?;
        if status.success() { Ok(()) } else { Err(self.failed(status)) }
    }

    /// Runs the command and returns what it printed; errors go to the terminal.
    ///
    /// # Errors
    /// When it cannot be started, and when it fails.
    pub fn capture(mut self) -> Result<String, TaskError> {
        self.command.stderr(Stdio::inherit());
        let output = self.command.output().map_err(|source| self.not_started(source))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(self.failed(output.status))
        }
    }

    /// Runs the command in this process's place, so that Ctrl-C reaches it alone and it can end in
    /// good order. Where the system cannot do that, runs it and waits.
    ///
    /// # Errors
    /// When it cannot be started; and, where it is waited for, when it fails.
    #[cfg(unix)]
    pub fn become_it(mut self) -> Result<(), TaskError> {
        use std::os::unix::process::CommandExt;
        say(&format!("\n==> {}: {}", self.name, self.words()));
        let source = self.command.exec();
        Err(self.not_started(source))
    }

    /// Runs the command and waits; this system cannot run it in this process's place.
    ///
    /// # Errors
    /// When it cannot be started, and when it fails.
    #[cfg(not(unix))]
    pub fn become_it(self) -> Result<(), TaskError> {
        self.run()
    }

    fn words(&self) -> String {
        let cargo = self.command.get_program() == cargo();
        let program = if cargo { OsStr::new("cargo") } else { self.command.get_program() };
        let program = [program].into_iter();
        let words: Vec<_> =
            program.chain(self.command.get_args()).map(OsStr::to_string_lossy).collect();
        words.join(" ")
    }

    fn not_started(&self, source: io::Error) -> TaskError {
        let program = self.command.get_program().to_string_lossy().into_owned();
        TaskError::NotStarted { program, source }
    }

    fn failed(&self, status: ExitStatus) -> TaskError {
        TaskError::Failed { step: self.name, status, advice: self.advice, words: self.words() }
    }
}

/// Speaks to the person at the terminal, beside the programs' own output.
#[expect(clippy::print_stderr, reason = "the one place where xtask speaks")]
pub fn say(words: &str) {
    eprintln!("{words}");
}

/// The cargo that runs this chore, so that a chosen toolchain stays chosen.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}
