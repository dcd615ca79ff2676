//! One integration binary: what must hold across the crates.
//!
//! `cfg(test)` is always on here. It is said once more because the lints ask for it to know which
//! code is a test's.

#[cfg(test)]
mod api;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod graphql;
#[cfg(test)]
mod rebuilt;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod two_logs;
#[cfg(test)]
mod webhooks;
