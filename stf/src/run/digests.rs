//! What programs tell their control planes.

use super::Problem;
use super::names::find;
use crate::Number;
use dpr_runtime::{Digest, DigestSchema, ProgramInfo};

/// That a digest is of this name, and has these fields.
pub(super) fn check(
    program: &ProgramInfo,
    digest: &Digest,
    name: &str,
    fields: &[(String, Number)],
) -> Result<(), Problem> {
    let schema = find(
        "digest",
        program.digests.iter(),
        |digest| &digest.name,
        name,
    )?;
    if schema.id != digest.id {
        return Err(Problem::new(unexpected(program, digest)));
    }
    for (name, wanted) in fields {
        let field = find(
            "digest field",
            schema.fields.iter(),
            |field| &field.name,
            name,
        )?;
        let position = schema.fields.iter().position(|other| other.id == field.id);
        let found = position.and_then(|position| digest.fields.get(position));
        if found != Some(&wanted.value) {
            return Err(Problem::new(format!(
                "`{name}` is not {:#x}: {}",
                wanted.value,
                unexpected(program, digest)
            )));
        }
    }
    Ok(())
}

/// What a digest is that should be another, or none.
pub(super) fn unexpected(program: &ProgramInfo, digest: &Digest) -> String {
    let Some(schema) = program.digest(digest.id) else {
        return format!("there is a digest of the unknown id {:#010x}", digest.id);
    };
    format!("there is the digest {}", describe(schema, digest))
}

fn describe(schema: &DigestSchema, digest: &Digest) -> String {
    let fields = schema.fields.iter().zip(&digest.fields);
    let fields = fields.map(|(field, value)| format!(" {}:{value:#x}", field.name));
    fields.fold(schema.name.to_string(), |text, field| text + &field)
}
