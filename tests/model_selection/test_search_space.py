from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import MultiTaskCNNClassifier
from skmtl.model_selection._search_space import search_space_alone

CLF = MultiTaskCNNClassifier()


def test_what_only_says_how_tasks_share_is_left_out():
    grid = {
        "lr": [0.1],
        "sharing": ["mmoe"],
        "sharing__n_experts": [2, 3],
        "weighting": ["famo"],
        "task_weights": [[1, 2]],
        "trunk__channels": [(4,)],
        "head": ["mlp"],
    }
    kept = {"lr": [0.1], "trunk__channels": [(4,)], "head": ["mlp"]}
    assert search_space_alone(GridSearchCV(CLF, grid)) == {"param_grid": kept}
    assert search_space_alone(RandomizedSearchCV(CLF, grid)) == {"param_distributions": kept}
    assert "sharing" in grid


def test_lists_of_grids_and_pipelines():
    pipeline = make_pipeline(FunctionTransformer(), CLF)
    name = "multitaskcnnclassifier"
    grids = [{f"{name}__sharing": ["hard"]}, {f"{name}__sharing": ["mmoe"], f"{name}__lr": [0.1]}]
    assert search_space_alone(GridSearchCV(pipeline, grids)) == {"param_grid": [{}, {f"{name}__lr": [0.1]}]}


def test_parameters_of_other_estimators_stay():
    class Forest(RandomForestClassifier):
        def __init__(self, weighting=None):
            super().__init__()
            self.weighting = weighting

    grid = {"weighting": [1, 2]}
    assert search_space_alone(GridSearchCV(Forest(), grid)) == {"param_grid": grid}
    assert search_space_alone(CLF) == {}
