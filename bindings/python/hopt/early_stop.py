"""When to stop: what fmin's early_stop_fn may be. It is called after each trial with the trials and what
it returned before, and returns (whether to stop, [what it wants to get again])."""


def no_progress_loss(iteration_stop_count=20, percent_increase=0.0):
    """Stop after `iteration_stop_count` trials in a row without a loss that is lower than the best one
    by more than `percent_increase` percent."""

    def stop_fn(trials, best_loss=None, iteration_no_progress=0):
        new_loss = trials.trials[-1]["result"].get("loss") if trials.trials else None
        if best_loss is None:
            return False, [new_loss, iteration_no_progress + 1]
        threshold = best_loss - abs(best_loss * (percent_increase / 100.0))
        if new_loss is not None and new_loss < threshold:
            best_loss, iteration_no_progress = new_loss, 0
        else:
            iteration_no_progress += 1
        return iteration_no_progress >= iteration_stop_count, [best_loss, iteration_no_progress]

    return stop_fn
