//! What a parcel does, as sentences: each command happens, was already done, is refused, conflicts.

mod arrival;
mod broken;
mod carrying;
mod corrections;
mod disinfection;
mod exceptions;
mod handing_off;
mod model;
mod properties;
mod refusals;
mod sample;
mod sorting;
mod stored;
