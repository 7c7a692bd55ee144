//! Generated Rust: a packet pipeline with the face that its control planes use.
//!
//! The packet function is one body with all its state in plain locals; see `process` for its parts. It takes no lock, allocates
//! nothing and has no operation that can panic; a packet that is to leave as several goes on elsewhere (`multicast`). The generated
//! source calls `dpr_runtime` and the standard library only, and the same program gives the same source.

mod code;
mod context;
mod data;
mod deparser;
mod expr;
mod face;
mod headers;
mod layout;
mod members;
mod messages;
mod modules;
mod multicast;
mod names;
mod parser;
mod process;
mod replication;
mod scalar;
mod schema;
mod stacks;
mod stmt;
mod tables;
mod usage;
mod walk;

pub use context::UNSUPPORTED;

use crate::backend::p4info::{Symbols, p4info};
use crate::diagnostic::Diagnostics;
use crate::ir::Program;
use context::Context;
use proc_macro2::TokenStream;
use quote::quote;

/// What the generated source depends on besides the program.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What tells this version of the program from others: SHA-256 over the preprocessed source and the compiler's version.
    pub digest: [u8; 32],
}

/// The module of a program, formatted.
///
/// # Errors
/// What the program uses that this back end cannot do.
pub fn rust(program: &Program, options: &Options) -> Result<String, Diagnostics> {
    let tokens = module(program, options)?;
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => Ok(format!(
            "// Generated from {}.p4.\n\n{}",
            program.name,
            prettyplease::unparse(&file)
        )),
        // The source would not compile; showing it unformatted is the best that can be done for whoever mends the generator.
        Err(_) => Ok(tokens.to_string()),
    }
}

/// The name that a module gives the pipeline of the program of this name.
pub fn pipeline_name(program: &str) -> String {
    names::pipeline(program).to_string()
}

/// The items of a program's module.
///
/// # Errors
/// As [`rust`].
pub fn module(program: &Program, options: &Options) -> Result<TokenStream, Diagnostics> {
    let symbols = Symbols::assign(program)?;
    let p4info = p4info(program)?;
    let usage = usage::Usage::of(program);
    let locals = names::Locals::new(program);
    let cx = Context::new(program, &symbols, &usage, &locals);
    let constants = face::constants(&cx);
    let enums = face::enums(&cx);
    let headers = headers::headers(&cx);
    let modules = modules::modules(&cx);
    let pipeline = pipeline(&cx);
    let schema = schema::schema(&cx, &p4info, options);
    let diagnostics = cx.into_diagnostics();
    match diagnostics.has_errors() {
        true => Err(diagnostics),
        false => Ok(quote!(#constants #enums #headers #modules #pipeline #schema)),
    }
}

/// The pipeline's struct and its implementation of `Pipeline`.
fn pipeline(cx: &Context<'_>) -> TokenStream {
    let name = names::pipeline(&cx.program.name);
    let doc = format!(" The packet pipeline of `{}.p4`.", cx.program.name);
    let members = members::members(cx);
    let declarations = members
        .iter()
        .map(|(name, declared, _)| quote!(#name: #declared,));
    let initial = members
        .iter()
        .map(|(name, _, value)| match *name == value.to_string() {
            true => quote!(#name,),
            false => quote!(#name: #value,),
        });
    let clears = members
        .iter()
        .map(|(name, _, _)| quote!(self.#name.clear();));
    let tables: Vec<_> = members::tables(cx)
        .into_iter()
        .filter(|id| !members::is_hidden(cx, *id))
        .map(|id| members::table(cx, id))
        .collect();
    let counters: Vec<_> = members::counters(cx)
        .into_iter()
        .map(|id| members::counter(cx, id))
        .collect();
    let registers: Vec<_> = members::registers(cx)
        .into_iter()
        .map(|id| members::register(cx, id))
        .collect();
    let table_arm = table_arm(&tables);
    let counter_arm = cell_arm("counter", &counters);
    let register_arm = cell_arm("register", &registers);
    let (process, passes) = process::process(cx, &name);
    let profiles = members::shared_profiles(cx);
    let others = other_arms(cx, &tables);
    let meters: Vec<_> = members::meters(cx)
        .into_iter()
        .map(|id| members::meter(cx, id))
        .collect();
    let shown = (members::profiles(cx)
        .into_iter()
        .map(|id| members::profile(cx, id)))
    .chain(
        members::value_sets(cx)
            .into_iter()
            .map(|id| members::value_set(cx, id)),
    );
    let age = age(cx);
    quote! {
        #[doc = #doc]
        pub struct #name { #(#declarations)* }

        impl Default for #name {
            fn default() -> Self {
                #name::new()
            }
        }

        impl #name {
            /// A pipeline as the program says: its own entries and default actions, counters and registers 0.
            pub fn new() -> Self {
                #profiles
                #name { #(#initial)* }
            }
        }

        #passes

        impl dpr_runtime::Pipeline for #name {
            fn program(&self) -> &dpr_runtime::ProgramInfo {
                &PROGRAM
            }

            #process

            #[allow(unused_variables)]
            fn write(&self, update: &dpr_runtime::Update) -> Result<(), dpr_runtime::WriteError> {
                use dpr_runtime::{Entity, WriteError};
                match &update.entity {
                    #table_arm
                    #counter_arm
                    #register_arm
                    #others
                    entity => self.replication.write(update.operation, entity),
                }
            }

            #[allow(unused_variables)]
            fn read(&self, query: &dpr_runtime::Query, visit: &mut dyn FnMut(dpr_runtime::Entity)) {
                #(self.#tables.answer(query, visit);)*
                #(self.#counters.answer(#counters::ID, query, visit);)*
                #(self.#registers.answer(#registers::ID, query, visit);)*
                #(self.#meters.answer(#meters::ID, query, visit);)*
                #(self.#shown.answer(query, visit);)*
                self.replication.answer(query, visit);
            }

            #age

            fn clear(&self) {
                #(#clears)*
            }
        }
    }
}

/// `Pipeline::age`, if the program has tables whose entries can be idle.
fn age(cx: &Context<'_>) -> Option<TokenStream> {
    let tables = (0..).zip(&cx.program.tables);
    let tables = tables.filter(|(_, table)| table.support_timeout);
    let tables: Vec<_> = tables
        .map(|(id, _)| members::table(cx, crate::ir::TableId(id)))
        .collect();
    (!tables.is_empty()).then(|| {
        quote! {
            fn age(&self, now_ns: u64, idle: &mut dyn FnMut(dpr_runtime::TableEntry)) {
                #(self.#tables.age(now_ns, idle);)*
            }
        }
    })
}

/// The arm of `Pipeline::write` for entries.
fn table_arm(tables: &[proc_macro2::Ident]) -> TokenStream {
    if tables.is_empty() {
        return quote! {
            Entity::Table(entry) => Err(WriteError::UnknownId { kind: "table", id: entry.table }),
        };
    }
    quote! {
        Entity::Table(entry) => match entry.table {
            #(#tables::ID => self.#tables.write(update.operation, entry),)*
            id => Err(WriteError::UnknownId { kind: "table", id }),
        },
    }
}

/// The arm of `Pipeline::write` for cells of counters or registers.
fn cell_arm(kind: &str, members: &[proc_macro2::Ident]) -> TokenStream {
    let variant = names::ident(&names::camel(kind));
    // A counter's value is small, a register's of any width.
    let value = match kind {
        "counter" => quote!(*value),
        _ => quote!(value),
    };
    let field = names::ident(kind);
    if members.is_empty() {
        return quote! {
            Entity::#variant { #field, .. } => Err(WriteError::UnknownId { kind: #kind, id: *#field }),
        };
    }
    quote! {
        Entity::#variant { #field, index, value } => match *#field {
            #(#members::ID => self.#members.modify(update.operation, *index, #value),)*
            id => Err(WriteError::UnknownId { kind: #kind, id }),
        },
    }
}

/// The arms of `Pipeline::write` for what only some programs have.
fn other_arms(cx: &Context<'_>, tables: &[proc_macro2::Ident]) -> TokenStream {
    let meters: Vec<_> = members::meters(cx)
        .into_iter()
        .map(|id| members::meter(cx, id))
        .collect();
    let meter_arm = (!meters.is_empty()).then(|| {
        quote! {
            Entity::Meter { meter, index, config } => match *meter {
                #(#meters::ID => self.#meters.modify(update.operation, *index, *config),)*
                id => Err(WriteError::UnknownId { kind: "meter", id }),
            },
        }
    });
    let has_direct = cx.program.tables.iter().any(|table| table.meter.is_some());
    let direct_arm = has_direct.then(|| {
        quote! {
            Entity::DirectMeter { entry, config } => match entry.table {
                #(#tables::ID => self.#tables.configure(update.operation, entry, *config),)*
                id => Err(WriteError::UnknownId { kind: "table", id }),
            },
        }
    });
    let profiles: Vec<_> = members::profiles(cx)
        .into_iter()
        .map(|id| members::profile(cx, id))
        .collect();
    let profile_arm = (!profiles.is_empty()).then(|| {
        quote! {
            Entity::Member { profile, .. } | Entity::Group { profile, .. } => match *profile {
                #(#profiles::ID => self.#profiles.write(update.operation, &update.entity),)*
                id => Err(WriteError::UnknownId { kind: "action profile", id }),
            },
        }
    });
    let sets: Vec<_> = members::value_sets(cx)
        .into_iter()
        .map(|id| members::value_set(cx, id))
        .collect();
    let set_arm = (!sets.is_empty()).then(|| {
        quote! {
            Entity::ValueSet { id, members } => match *id {
                #(#sets::ID => self.#sets.modify(update.operation, members),)*
                id => Err(WriteError::UnknownId { kind: "value set", id }),
            },
        }
    });
    quote!(#meter_arm #direct_arm #profile_arm #set_arm)
}
