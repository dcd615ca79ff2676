//! One test binary: labels as scanners and printers meet them.

#[cfg(test)]
mod reading;
