//! Generates the server's side of the contract in `proto/`, without protoc.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use prost_types::{FileDescriptorSet, field_descriptor_proto::Type};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", proto.display());

    let mut compiler = protox::Compiler::new([&proto])?;
    compiler.include_imports(true).include_source_info(true).open_files(sources(&proto)?)?;

    let mut descriptors = compiler.file_descriptor_set();
    keep_encoded(&mut descriptors, "GetWorkflowResponse", "workflow")?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_client(false)
        // Import and export pass each chunk on without copying it.
        .bytes(".")
        // The same workflow is always the same bytes.
        .btree_map(".")
        // They hold secrets; `wire.rs` writes their Debug by hand.
        .skip_debug(include_str!("../../proto/secret_messages.txt").lines())
        .compile_fds_with_config(descriptors, config)?;

    // For reflection, where nobody reads the comments. protox writes the set itself, because prost's own type of it
    // drops custom options.
    compiler.include_source_info(false);
    fs::write(out.join("sandbar.v1.bin"), compiler.encode_file_descriptor_set())?;
    Ok(())
}

/// Makes a field that holds a message hold that message's bytes. On the wire the two are the same, and an answer that many
/// ask for is encoded but once.
fn keep_encoded(set: &mut FileDescriptorSet, message: &str, field: &str) -> Result<(), String> {
    let messages = set.file.iter_mut().flat_map(|file| &mut file.message_type);
    let fields = messages.filter(|m| m.name() == message).flat_map(|m| &mut m.field);
    let found = fields.into_iter().find(|f| f.name() == field).ok_or(format!("no {message}.{field}"))?;
    found.set_type(Type::Bytes);
    found.type_name = None;
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
