Network n {
  Layer CONV1 {
    Type: CONV
    Stride { X: 2, Y: 1 }
    Dimensions { K: 64, C: 3, R: 7, S: 5, Y: 224, X: 221 }
    Dataflow { TemporalMap(1,1) K; Cluster(8, P); }
  }
  Layer D { Type: DSCONV Dimensions { K: 1, C: 32, R: 3, S: 3, Y: 10, X: 12 } }
}
