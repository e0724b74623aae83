# How smooth should a curve through R's air quality data be? Ten-fold cross-validation of loess.
source("hopt_objective.R")

data <- na.omit(airquality[, c("Ozone", "Temp", "Wind")])
set.seed(1)
fold <- sample(rep(1:10, length.out = nrow(data)))

hopt_serve(function(trial) {
  p <- trial$params
  squares <- c()
  for (k in 1:10) {
    model <- suppressWarnings(loess(
      Ozone ~ Temp + Wind, data[fold != k, ], span = p$span, degree = p$degree,
      family = p$family, control = loess.control(surface = "direct")))
    squares <- c(squares, (predict(model, data[fold == k, ]) - data$Ozone[fold == k])^2)
    if (anyNA(squares)) hopt_fail("loess has no answer here")
    if (trial$report(k, sqrt(mean(squares)))) break
  }
  list(loss = sqrt(mean(squares)), worst = sqrt(max(squares)))
})
