//! Aligned numbers.

use rarefy_kernels::Buffer;

#[test]
fn a_buffer_is_zeros_of_the_asked_length_on_a_cache_line() {
    for len in [0, 1, 15, 16, 17, 64, 1000] {
        let buffer = Buffer::zeros(len);
        assert_eq!(&buffer[..], vec![0.0; len]);
        assert_eq!(buffer.as_ptr().addr() % 64, 0, "{len} numbers");
    }
    assert!(Buffer::default().is_empty());
    assert_eq!(format!("{:?}", Buffer::zeros(3)), "Buffer(3)");
}

#[test]
fn every_number_of_a_buffer_keeps_what_is_written_and_a_copy_is_apart() {
    let mut buffer = Buffer::zeros(37);
    for (i, x) in buffer.iter_mut().enumerate() {
        *x = i as f32;
    }
    let copy = buffer.clone();
    buffer.fill(-1.0);
    assert!(copy.iter().enumerate().all(|(i, &x)| x == i as f32));
    assert_eq!(&buffer[..], [-1.0; 37]);
    assert_eq!(copy.as_ptr().addr() % 64, 0);
}
