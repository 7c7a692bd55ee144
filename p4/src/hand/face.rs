//! Macros for what a generated module shows besides its packet function.

/// An enum of the P4 source.
macro_rules! p4_enum {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($variant:ident = $value:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum $name { $($variant = $value,)* }

        impl $name {
            /// All members in source order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name in the P4 source.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl TryFrom<$repr> for $name {
            type Error = $repr;

            fn try_from(value: $repr) -> Result<Self, $repr> {
                match value { $($value => Ok($name::$variant),)* _ => Err(value) }
            }
        }
    };
}

/// A header of the P4 source: a structure, and a view of bytes. Each field: getter, setter, type, first bit, width.
macro_rules! p4_header {
    ($(#[$doc:meta])* $name:ident $view:ident $len:literal { $($field:ident $setter:ident: $ty:ty = $offset:literal, $bits:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $ty,)* }

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The header at the start of some bytes, and what follows it.
            pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
                let (head, rest) = bytes.split_first_chunk::<$len>()?;
                Some(($name { $($field: dpr_runtime::get_bits(head, $offset, $bits) as $ty,)* }, rest))
            }

            /// Writes the header to the start of some bytes; what does not fit is lost.
            pub fn emit(&self, bytes: &mut [u8]) {
                $(dpr_runtime::put_bits(bytes, $offset, $bits, self.$field.into());)*
            }
        }

        /// The header's fields in bytes that hold at least all of them.
        #[derive(Clone, Copy, Debug)]
        pub struct $view<T>(T);

        #[allow(missing_docs)]
        impl<T: AsRef<[u8]>> $view<T> {
            /// Checks the length once.
            pub fn new_checked(bytes: T) -> Result<Self, dpr_runtime::Truncated> {
                let available = bytes.as_ref().len();
                if available < $len { Err(dpr_runtime::Truncated { needed: $len, available }) } else { Ok($view(bytes)) }
            }

            $(pub fn $field(&self) -> $ty {
                dpr_runtime::get_bits(self.0.as_ref(), $offset, $bits) as $ty
            })*
        }

        #[allow(missing_docs)]
        impl<T: AsMut<[u8]>> $view<T> {
            $(pub fn $setter(&mut self, value: $ty) {
                dpr_runtime::put_bits(self.0.as_mut(), $offset, $bits, value.into());
            })*
        }
    };
}

/// A table of the P4 source with its key, its actions and its schema.
macro_rules! p4_table {
    (
        $(#[$doc:meta])*
        $module:ident $marker:ident = $id:literal $name:literal, size $size:expr, const_default $const_default:literal, default $default:literal;
        key { $($field:ident $field_name:literal: $field_ty:ty = $field_id:literal $kind:ident $field_bits:literal,)* }
        actions { $($action:ident = $action_id:literal $action_name:literal $action_alias:literal $scope:ident
            $({ $($param:ident: $param_ty:ty = $param_id:literal $param_bits:literal,)* })?)* }
    ) => {
        $(#[$doc])*
        pub mod $module {
            /// Marks the table.
            #[derive(Clone, Copy, Debug)]
            pub struct $marker;

            impl dpr_runtime::Table for $marker {
                type Key = Key;
                type Action = Action;
                const ID: u32 = ID;
                const NAME: &'static str = NAME;
            }

            /// P4Info id.
            pub const ID: u32 = $id;
            /// Fully qualified name.
            pub const NAME: &str = $name;

            /// What entries match.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            #[allow(missing_docs)]
            pub struct Key { $(pub $field: $field_ty,)* }

            impl dpr_runtime::TableKey for Key {
                fn matches(&self) -> Vec<dpr_runtime::FieldMatch> {
                    let matches: [Option<dpr_runtime::FieldMatch>; _] =
                        [$(dpr_runtime::KeyField::to_match(&self.$field, $field_id, $field_bits),)*];
                    matches.into_iter().flatten().collect()
                }

                fn from_matches(matches: &[dpr_runtime::FieldMatch]) -> Result<Self, dpr_runtime::DecodeError> {
                    let _ = matches;
                    Ok(Key { $($field: dpr_runtime::field(matches, $field_id, $field_bits)?,)* })
                }
            }

            /// What entries run.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
            #[allow(missing_docs)]
            pub enum Action { $($action $({ $($param: $param_ty,)* })?,)* }

            impl dpr_runtime::TableAction for Action {
                fn call(&self) -> dpr_runtime::ActionCall {
                    match *self {
                        $(Action::$action $({ $($param,)* })? => dpr_runtime::ActionCall {
                            action: $action_id,
                            arguments: vec![$($(($param_id, $param.into()),)*)?],
                        },)*
                    }
                }

                fn from_call(call: &dpr_runtime::ActionCall) -> Result<Self, dpr_runtime::DecodeError> {
                    match call.action {
                        $($action_id => Ok(Action::$action $({ $($param: dpr_runtime::argument(call, $param_id)?,)* })?),)*
                        other => Err(dpr_runtime::DecodeError::UnknownAction(other)),
                    }
                }
            }

            /// An entry.
            pub type Entry = dpr_runtime::Entry<$marker>;

            pub(super) const ACTIONS: &[dpr_runtime::ActionSchema] = &[$(dpr_runtime::ActionSchema {
                id: $action_id,
                name: $action_name,
                alias: $action_alias,
                params: &[$($(dpr_runtime::ParamSchema { id: $param_id, name: stringify!($param), bits: $param_bits },)*)?],
            },)*];

            pub(super) const SCHEMA: dpr_runtime::TableSchema = dpr_runtime::TableSchema {
                id: ID,
                name: NAME,
                alias: stringify!($module),
                size: $size as u64,
                fields: &[$(dpr_runtime::FieldSchema {
                    id: $field_id,
                    name: $field_name,
                    bits: $field_bits,
                    kind: dpr_runtime::MatchKind::$kind,
                },)*],
                actions: &[$(dpr_runtime::TableActionSchema {
                    action: &dpr_runtime::ActionSchema {
                        id: $action_id,
                        name: $action_name,
                        alias: $action_alias,
                        params: &[$($(dpr_runtime::ParamSchema { id: $param_id, name: stringify!($param), bits: $param_bits },)*)?],
                    },
                    scope: dpr_runtime::ActionScope::$scope,
                },)*],
                default_action: dpr_runtime::DefaultAction { action: $default, arguments: &[] },
                const_default: $const_default,
                entries: &[],
                const_entries: false,
                direct_counter: None,
            };
        }
    };
}

/// A counter of the P4 source.
macro_rules! p4_counter {
    ($(#[$doc:meta])* $module:ident = $id:literal $name:literal $size:expr) => {
        $(#[$doc])*
        pub mod $module {
            /// P4Info id.
            pub const ID: u32 = $id;
            /// Fully qualified name.
            pub const NAME: &str = $name;
            /// Number of cells.
            pub const SIZE: u64 = $size as u64;

            pub(super) const SCHEMA: dpr_runtime::CounterSchema = dpr_runtime::CounterSchema {
                id: ID,
                name: NAME,
                alias: stringify!($module),
                size: SIZE,
                unit: dpr_runtime::CounterUnit::Both,
            };
        }
    };
}
