from hsidiff.about import Cost


def test_costs_add_up() -> None:
    assert Cost(3, 40) + Cost(5, 2) == Cost(8, 42)


def test_what_is_not_known_of_a_part_is_not_known_of_the_whole() -> None:
    assert Cost(3, 40) + Cost(5, None) == Cost(8, None)
    assert Cost() + Cost(5, 2) == Cost()


def test_linear_scores_have_a_weight_per_value_and_class_and_a_bias_per_class() -> None:
    assert Cost.of_linear_scores(200, 16) == Cost(200 * 16 + 16, 200 * 16)


def test_a_projection_has_no_parameters() -> None:
    assert Cost.of_projection(200, 32) == Cost(0, 6400)
