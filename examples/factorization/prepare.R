# Ratings of lecturers (1 to 5) by students at ETH Zurich, from the package lme4: ratings.csv with a
# student, a lecturer (both from 0) and a rating in each row.
#
#   Rscript prepare.R
data(InstEval, package = "lme4")
ratings <- data.frame(student = as.integer(InstEval$s) - 1,
                      lecturer = as.integer(InstEval$d) - 1,
                      rating = InstEval$y)
write.csv(ratings, "ratings.csv", row.names = FALSE)
