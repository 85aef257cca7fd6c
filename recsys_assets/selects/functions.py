"""Functions that SQL of this project may call: each gives the same for the same arguments, and asks for nothing else.

What belongs here: their names, by kind. A name that is not here is refused when a file is loaded. To add one, be sure
that it reads no clock, no setting, no file and no chance, and that the order of rows and the number of threads do not
change it. `tests/selects/test_functions.py` holds the names against the catalogue of the DuckDB that is installed.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCALARS = _names("""
    abs acos acosh add age ascii asin asinh atan atan2 atanh bar base64 bin binom bit_count bit_length bit_position
    bitstring cbrt ceil ceiling century char_length character_length chr concat concat_ws constant_or_null contains cos
    cosh cot damerau_levenshtein date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc
    day dayname dayofmonth dayofweek dayofyear days_in_month decade decode degrees divide editdist3 encode ends_with
    epoch epoch_ms epoch_ns epoch_us equi_width_bins era even exp factorial fdiv floor fmod format format_bytes
    formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex gamma gcd get_bit greatest
    greatest_common_divisor hamming hash hex hour instr is_histogram_other_bin isfinite isinf isnan isodow isoyear
    jaccard jaro_similarity jaro_winkler_similarity julian last_day lcase lcm least least_common_multiple left
    left_grapheme length length_grapheme levenshtein lgamma ln log log10 log2 lower lpad ltrim make_date make_time
    make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz md5 md5_number md5_number_lower
    md5_number_upper microsecond millennium millisecond minute mismatches mod month monthname multiply nanosecond
    nextafter nfc_normalize normalized_interval nullif octet_length ord overlay parse_dirname parse_dirpath
    parse_filename parse_formatted_bytes parse_path path_join pi position pow power prefix printf quarter radians
    regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table repeat replace reverse right right_grapheme round round_even
    roundbankers rpad rtrim second set_bit sha1 sha256 sign signbit sin sinh split split_part sqrt starts_with
    str_split str_split_regex strftime string_split string_split_regex strip_accents strlen strpos strptime substr
    substring substring_grapheme subtract suffix switch tan tanh time_bucket timezone timezone_hour timezone_minute
    to_base to_base64 to_binary to_centuries to_days to_decades to_hex to_hours to_microseconds to_millennia
    to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years translate trim trunc
    try_strptime typeof ucase unbin unhex unicode upper url_decode url_encode uuid_extract_timestamp
    uuid_extract_version week weekday weekofyear xor year yearweek
""")
"""Of numbers, text, dates and bits."""
LISTS = _names("""
    apply array_append array_apply array_cat array_concat array_contains array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_distinct array_dot_product array_extract array_filter array_grade_up
    array_has array_has_all array_has_any array_indexof array_inner_product array_intersect array_length
    array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front array_position array_prepend
    array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select
    array_slice array_sort array_to_string array_to_string_comma_default array_transform array_unique array_value
    array_where array_zip element_at filter flatten generate_series generate_subscripts grade_up len list_any_value
    list_append list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and
    list_bool_or list_cat list_concat list_contains list_cosine_distance list_cosine_similarity list_count
    list_distance list_distinct list_dot_product list_element list_entropy list_extract list_filter list_first
    list_grade_up list_has list_has_all list_has_any list_histogram list_indexof list_inner_product list_intersect
    list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode
    list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend list_product list_reduce
    list_resize list_reverse list_reverse_sort list_select list_sem list_skewness list_slice list_sort list_stddev_pop
    list_stddev_samp list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp
    list_where list_zip range reduce string_to_array
""")
"""Of a list, whose order they keep. `list_aggregate` is left out: it would call any aggregate by a name in quotes."""
NESTED = _names("""
    array_to_json cardinality enum_code enum_first enum_last enum_range enum_range_boundary from_json from_json_strict
    json json_array json_array_length json_contains json_deep_merge json_exists json_extract json_extract_path
    json_extract_path_text json_extract_string json_insert json_keys json_merge_patch json_merge_patch_diff
    json_normalize json_object json_pretty json_quote json_remove json_replace json_set json_strip_nulls json_structure
    json_transform json_transform_strict json_type json_valid json_value map map_concat map_contains map_contains_entry
    map_contains_value map_entries map_extract map_extract_value map_from_entries map_keys map_values row row_to_json
    st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_crs st_geomfromgeojson st_geomfromwkb st_intersects_extent
    st_setcrs struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof struct_insert
    struct_keys struct_pack struct_position struct_update struct_values to_json union_extract union_tag union_value
    variant_array_length variant_contains variant_exists variant_extract variant_extract_string variant_keys
    variant_type variant_typeof
""")
"""Of structs, maps, JSON, enums, unions and shapes."""
AGGREGATES = _names("""
    approx_count_distinct bit_and bit_or bit_xor bitstring_agg bool_and bool_or count count_if count_star countif
    exact_avg exact_sum histogram histogram_exact mad max median min quantile quantile_cont quantile_disc regr_count
""")
"""Of rows, whatever their order. `exact_sum` and `exact_avg` are macros of every snapshot."""
EXACT_OF_INTEGERS = frozenset(["avg", "mean", "sum"])
"""Aggregates that give the same in every order where they add integers or decimals."""
ORDERED = frozenset(["array_agg", "group_concat", "list", "listagg", "string_agg"])
"""Aggregates that are allowed with an `order by` of their own."""
ANY_ROW = _names("""
    any_value arbitrary arg_max arg_max_null arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin
    first last max_by min_by mode
""")
"""Aggregates that are allowed over an ordered window."""
WINDOWS = _names("""
    cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number
""")
OURS = _names("""
    canonical_id currencies instant_of_milliseconds instant_of_seconds instant_with_offset read_number
    time_of_excel_days time_without_offset unread_number visible_text with_decimal_point with_plain_signs
    with_usual_width
""")
"""Macros of sql/landing/macros.sql, for the SELECTs of sources."""
KNOWN = SCALARS | LISTS | NESTED | AGGREGATES | EXACT_OF_INTEGERS | ORDERED | ANY_ROW | WINDOWS | OURS

CLOCK_OR_CHANCE = _names("""
    ago approx_quantile approx_top_k current_date current_localtime current_localtimestamp current_setting current_time
    current_timestamp current_transaction_id gen_random_uuid get_current_time get_current_timestamp getvariable
    localtime localtimestamp nextval now rand random reservoir_quantile setseed today transaction_timestamp
    txid_current uuid uuidv4 uuidv7
""")
"""Names that are refused with what they are, rather than as unknown."""
FLOAT_SUMS = _names("""
    corr covar_pop covar_samp entropy favg fsum geomean geometric_mean kahan_sum kurtosis kurtosis_pop product
    regr_avgx regr_avgy regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop
    stddev_samp sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg
""")
"""The same, of aggregates that add doubles whatever they are given."""
WITHOUT_BRACKETS = frozenset(["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"])
"""Of these those that SQL calls by their bare name, also in quotes."""
SYNTAX = _names("""
    all and any array as between bit bpchar by case cast char character coalesce columns cube decimal dec distinct else
    enum escape except exclude exists extract filter from group grouping grouping_id having if ifnull ilike in
    intersect interval is join lateral like limit materialized not numeric offset on or over qualify recursive
    rename return rollup select sets some struct then time timestamp to try try_cast union unnest using values varchar
    when where window with
""")
"""Words that stand before a bracket and call nothing, or what the language itself defines."""
