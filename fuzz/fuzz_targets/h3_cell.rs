#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    walkshed_fuzz::h3_cell(data);
});
