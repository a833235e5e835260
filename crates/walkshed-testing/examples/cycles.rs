fn main() {
    for a in std::env::args().skip(1) {
        println!("{a}: {:#?}", walkshed_testing::structure::import_cycles(std::path::Path::new(&a)));
    }
}
