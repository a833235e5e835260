use super::*;

fn overrides(text: &str) -> Result<Profiles, ProfileError> {
    Profiles::with_overrides(&text.parse().unwrap())
}

#[test]
fn shipped_defaults_are_those_of_the_design() {
    let p = Profiles::default();
    let speeds: Vec<f64> = Profile::ALL.iter().map(|&x| p.get(x).level_kmh).collect();
    assert_eq!(speeds, [4.8, 3.4, 3.6, 3.0, 3.2, 15.0]);
    assert!(!p.get(Profile::Wheelchair).steps && !p.get(Profile::Stroller).steps && !p.get(Profile::Bicycle).steps);
    assert!((p.get(Profile::Senior).snap_limit_m - 300.0).abs() < f64::EPSILON);
}

#[test]
fn the_slope_function_is_toblers_scaled_to_one_on_the_level() {
    let profiles = Profiles::default();
    let p = profiles.get(Profile::Adult);
    assert!((p.slope_m_s(0.0) - 4.8 / 3.6).abs() < 1e-12);
    // Fastest at 5 % downhill; the same on the level as at 10 % downhill.
    assert!(p.slope_m_s(-0.05) > p.slope_m_s(0.0));
    assert!((p.slope_m_s(-0.10) - p.slope_m_s(0.0)).abs() < 1e-12);
    // 6 exp(-3.5 * 0.15) / (6 exp(-3.5 * 0.05)) at 10 % uphill.
    assert!((p.slope_m_s(0.1) / p.slope_m_s(0.0) - (-0.35_f64).exp()).abs() < 1e-12);
    assert!((p.slope_m_s(3.0) - p.slope_m_s(0.4)).abs() < 1e-12);
}

#[test]
fn overrides_change_one_key_and_leave_the_rest() {
    let p = overrides("[adult]\nlevel_kmh = 5").unwrap();
    assert!((p.get(Profile::Adult).level_kmh - 5.0).abs() < f64::EPSILON);
    assert!((p.get(Profile::Senior).level_kmh - 3.4).abs() < f64::EPSILON);
}

#[test]
fn bad_overrides_are_refused_by_name() {
    let message = |t: &str| overrides(t).unwrap_err().to_string();
    assert!(message("[runner]\nlevel_kmh = 9").contains("[profiles.runner]"));
    assert!(message("adult = 3").contains("[profiles.adult] must be a table"));
    assert!(message("[adult]\nspeed = 9").starts_with("profiles.adult.speed: there is no such key"));
    assert_eq!(message("[adult]\nlevel_kmh = -1"), "profiles.adult.level_kmh = -1: must be between 0.5 and 60");
    assert_eq!(message("[adult]\nlevel_kmh = nan"), "profiles.adult.level_kmh = NaN: must be between 0.5 and 60");
    assert_eq!(message("[adult]\nlevel_kmh = \"fast\""), "profiles.adult.level_kmh = \"fast\": must be a float");
    assert!(message("[adult]\naccess = \"horse\"").starts_with("profiles.adult.access = \"horse\""));
}
