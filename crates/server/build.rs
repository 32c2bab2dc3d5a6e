//! Generates the server's side of the contract in `proto/`, without protoc.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", proto.display());

    let mut compiler = protox::Compiler::new([&proto])?;
    compiler.include_imports(true).include_source_info(true).open_files(sources(&proto)?)?;

    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_client(false)
        // Import and export pass each chunk on without copying it.
        .bytes(".")
        // The same workflow is always the same bytes.
        .btree_map(".")
        // It holds a new token's secret; `wire.rs` writes its Debug by hand.
        .skip_debug(["sandbar.v1.CreateTokenResponse"])
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;

    // For reflection, where nobody reads the comments. protox writes the set itself, because prost's own type of it
    // drops custom options.
    compiler.include_source_info(false);
    fs::write(out.join("sandbar.v1.bin"), compiler.encode_file_descriptor_set())?;
    Ok(())
}

/// Every file of the contract, sorted, so that the output never depends on the file system.
fn sources(proto: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = fs::read_dir(proto.join("sandbar/v1"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "proto"));
    files.sort();
    Ok(files)
}
