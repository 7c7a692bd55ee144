//! The scenarios of `dpr-bmv2-tests` on `dpr switch`.

macro_rules! tests {
    ($($module:ident { $($name:ident)* })*) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                let scenario = concat!(stringify!($module), "::", stringify!($name));
                dpr_bmv2_tests::scenarios::run(scenario, env!("CARGO_BIN_EXE_dpr").as_ref());
            })*
        })*
    };
}

dpr_bmv2_tests::each_scenario!(tests);
