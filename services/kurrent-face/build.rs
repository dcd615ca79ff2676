//! Makes Rust of the wire contracts in `/proto`, without `protoc`.

use std::error::Error;

const CONTRACTS: [&str; 5] =
    ["server_features.proto", "gossip.proto", "streams.proto", "persistent.proto", "status.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = "../../proto";
    println!("cargo:rerun-if-changed={folder}");
    let described = protox::compile(CONTRACTS, [folder])?;
    tonic_build::configure()
        .build_client(false)
        .extern_path(".event_store.client.Empty", "()")
        .bytes([".event_store.client.streams", ".event_store.client.persistent_subscriptions"])
        .compile_fds(described)?;
    Ok(())
}
