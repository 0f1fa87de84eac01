module patou

go 1.26.0
