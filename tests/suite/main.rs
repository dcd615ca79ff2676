//! One integration binary: what must hold across the crates.
//!
//! `cfg(test)` is always on here; it says so once more because the lints ask which code is a test's.

#[cfg(test)]
mod architecture;
#[cfg(test)]
#[cfg(test)]
mod tidy;
