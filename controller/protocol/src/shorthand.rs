//! Messages without their nesting: `Ack { seq }.into()` is a `ControllerMessage`.

use crate::shim::v1::{
    Ack, ControllerMessage, DataHeld, Events, Flush, FlushDone, Load, Peers, ProbeReport, Register,
    Registered, RequestSnapshot, Services, ShimMessage, Snapshot, controller_message, shim_message,
};

macro_rules! wrap {
    ($outer:ident, $module:ident: $($inner:ident),*) => {$(
        impl From<$inner> for $outer {
            fn from(message: $inner) -> Self {
                $outer { message: Some($module::Message::$inner(message)) }
            }
        }
    )*};
}

wrap!(ShimMessage, shim_message: Register, Events, Snapshot, FlushDone, ProbeReport, Load, DataHeld);
wrap!(ControllerMessage, controller_message: Registered, Ack, Flush, RequestSnapshot, Peers, Services);

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn a_wrapped_message_survives_the_wire() {
        let message: ShimMessage = FlushDone { marker: 7 }.into();
        let read = ShimMessage::decode(message.encode_to_vec().as_slice());
        assert_eq!(read, Ok(message));
    }
}
