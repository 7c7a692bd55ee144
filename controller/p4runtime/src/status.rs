//! The status of a batch: one [`v1::Error`] for each of its items, in order (specification, section "Error Reporting Messages").

use crate::{rpc, v1};
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};

const ERROR_TYPE: &str = "type.googleapis.com/p4.v1.Error";

/// The error of one item.
pub fn error(code: Code, message: impl Into<String>) -> v1::Error {
    v1::Error {
        canonical_code: code as i32,
        message: message.into(),
        ..v1::Error::default()
    }
}

/// The status of a batch some of whose items failed: `UNKNOWN`, with the error or OK of each.
pub fn of_batch(message: &str, errors: &[v1::Error]) -> Status {
    let details = errors.iter().map(|error| Any {
        type_url: ERROR_TYPE.to_owned(),
        value: error.encode_to_vec(),
    });
    let status = rpc::Status {
        code: Code::Unknown as i32,
        message: message.to_owned(),
        details: details.collect(),
    };
    Status::with_details(Code::Unknown, message, status.encode_to_vec().into())
}

/// The errors of a batch's items, as far as the status has them. Empty if the batch failed as a whole.
pub fn errors(status: &Status) -> Vec<v1::Error> {
    let details = rpc::Status::decode(status.details())
        .unwrap_or_default()
        .details;
    let errors = details.iter().filter(|any| any.type_url == ERROR_TYPE);
    errors
        .filter_map(|any| v1::Error::decode(any.value.as_slice()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_each_items_error() {
        let given = [
            error(Code::Ok, ""),
            error(Code::AlreadyExists, "an entry with this key exists"),
        ];
        let status = of_batch("1 of 2 updates failed", &given);
        assert_eq!(status.code(), Code::Unknown);
        assert_eq!(errors(&status), given);
        assert!(errors(&Status::permission_denied("not the primary")).is_empty());
    }
}
