# The child protocol of hopt for R: copy it beside your script. Needs the package jsonlite.
#
#   source("hopt_objective.R")
#   hopt_serve(function(trial) {
#     if (trial$report(1, 0.5)) ...            # TRUE: hopt asks to stop
#     trial$attach("model.rds")                # a file in trial$workdir
#     list(loss = 0.3, accuracy = 0.9)         # or just the loss; hopt_fail("reason") for none
#   })
#
# trial$params holds the parameters. What the script prints is the log; an error ends the process,
# and its trial becomes an error.

hopt_send <- function(message) {
  cat(jsonlite::toJSON(message, auto_unbox = TRUE, digits = NA, na = "null"), "\n", sep = "")
  flush(stdout())
}

hopt_fail <- function(reason) {
  stop(structure(class = c("hopt_fail", "error", "condition"), list(message = reason, call = NULL)))
}

hopt_serve <- function(objective) {
  input <- file("stdin", "r")
  hopt_send(list(ready = TRUE))
  while (length(line <- readLines(input, 1)) > 0) {
    trial <- jsonlite::fromJSON(line, simplifyVector = FALSE)
    trial$report <- function(step, loss) {
      hopt_send(list(report = list(step = step, loss = loss)))
      answer <- readLines(input, 1)
      length(answer) == 0 || isTRUE(jsonlite::fromJSON(answer)$stop)
    }
    trial$attach <- function(file, name = basename(file)) {
      hopt_send(list(attach = list(name = name, file = file.path(trial$workdir, file))))
    }
    result <- tryCatch(objective(trial),
                       hopt_fail = function(e) list(status = "fail", status_fail = e$message))
    if (!is.list(result)) result <- list(loss = result)
    # JSON has no NaN, and null is no loss: the protocol reads it as a text.
    if (!is.null(result$loss) && !is.finite(result$loss)) result$loss <- "NaN"
    hopt_send(list(result = result))
  }
}
